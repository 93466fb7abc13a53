"""How late a stream comes, and when to leave out what has piled up."""

from dataclasses import dataclass, field

_LEAK = 1e-4
_LATE_S, _PATIENCE_S = 1.0, 3.0
_MOST_JUMP_S = 10.0


@dataclass(slots=True)
class LeastLate:
    """When a stream's time 0 was, told from arrival.

    Frames come late, never early, so the least late one so far is believed; this belief fades by
    0.1 ms a second, so that a camera whose clock runs slow is followed.

    Args:
        zero_at: the moment of time 0 by the clock of `hear`; None until something was heard.
    """

    zero_at: float | None = None
    _heard_at: float = field(default=0.0, init=False)

    def hear(self, media_s: float, arrived_at: float) -> float:
        """Notes that a frame of this time came now; by how many seconds it is late."""
        zero = least = arrived_at - media_s
        if self.zero_at is not None:
            least = min(zero, self.zero_at + _LEAK * (arrived_at - self._heard_at))
        self.zero_at, self._heard_at = least, arrived_at
        return zero - least


@dataclass(slots=True)
class Jumps:
    """Notices where the time stamps of a stream jump, as when a camera sets its clock.

    Behind a jump back nothing fits into a file or a time line until the old time is reached
    again; behind one ahead all would be dated in the future. A network that is late, or loses
    some time, makes neither: what comes through it comes late, and never before its time.

    Example:
        >>> jumps, packets = Jumps(), [(0.0, 7), (1, 8), (2, 30), (25, 31), (900, 32.0), (1.0, 33)]
        >>> [jumps.hear(media_s, arrived_s) for media_s, arrived_s in packets]
        [0.0, 0.0, 0.0, 0.0, 874.0, -899.0]
    """

    _least: LeastLate = field(default_factory=LeastLate)
    _last_s: float | None = None

    def hear(self, media_s: float, arrived_s: float) -> float:
        """By how many seconds the next packet jumps; 0 where it follows the one before."""
        last_s, zero_s = self._last_s, self._least.zero_at
        self._last_s = media_s
        self._least.hear(media_s, arrived_s)
        if last_s is None or zero_s is None:
            return 0.0
        step_s, early_s = media_s - last_s, zero_s + media_s - arrived_s
        jump_s = step_s if step_s < 0 else max(0.0, early_s)
        return round(jump_s, 1) if abs(jump_s) > _MOST_JUMP_S else 0.0


@dataclass(slots=True)
class CatchUp:
    """Finds the packets to leave out when decoding does not keep up with a camera.

    What is not read waits in buffers of both systems, where no queue of ours sees it, and each
    frame comes later than the one before. A hiccup of the network is made up for by decoding
    faster; where frames have been a second late for three, all are left out up to a key frame
    that is not. If reading on does not help, it is the network that takes longer than before.

    Example:
        >>> catch_up = CatchUp()
        >>> [catch_up.leaves_out(second, 2.0 * second, True) for second in range(5)]
        [False, False, False, False, True]
        >>> [catch_up.leaves_out(second, 8 + second / 100, True) for second in range(5, 9)]
        [True, True, True, False]
    """

    _least: LeastLate = field(default_factory=LeastLate)
    _late_since_s: float | None = None
    _left_from: tuple[float, float] | None = None

    def leaves_out(self, media_s: float, arrived_s: float, is_key: bool) -> bool:
        """Whether this packet, the next one, is not to be decoded.

        Args:
            media_s: its time within the connection.
            arrived_s: when it was read.
            is_key: whether decoding may begin with it.
        """
        is_late = self._least.hear(media_s, arrived_s) > _LATE_S
        if self._left_from is None:
            if not is_late:
                self._late_since_s = None
            elif self._late_since_s is None:
                self._late_since_s = arrived_s
            elif arrived_s - self._late_since_s >= _PATIENCE_S:
                self._left_from = media_s, arrived_s
        elif is_key:
            from_media_s, from_s = self._left_from
            is_newest = arrived_s - from_s > (media_s - from_media_s) / 2
            if is_newest:
                self._least = LeastLate(arrived_s - media_s)
            if is_newest or not is_late:
                self._left_from = self._late_since_s = None
        return self._left_from is not None
