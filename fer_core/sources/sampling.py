"""Which frames of a video are looked at, and which rank they have: pure arithmetic on pts.

Everything is an integer or a Fraction, so that hour 20 of a recording is sampled as exactly
as its first second.
"""

import bisect
import heapq
import math
from dataclasses import dataclass, field
from fractions import Fraction

_MAX_DENOMINATOR = 1_000_000

_KNOWN = 64
"""Packets that a forecast remembers: far more than lie between a frame's place in the file and
its place in time."""


@dataclass(slots=True)
class SampleGrid:
    """Takes the first frame at or after each point `start + k / fps` of a regular grid.

    A frame that passes several points at once (the video is slower than the grid) is taken
    once.

    Args:
        start: pts of the grid's first point.
        time_base: seconds per unit of pts.
        fps: points a second; floats are read as the nearest fraction with a denominator of
            at most a million (29.97 is 2997/100).

    Example:
        >>> grid = SampleGrid(0, Fraction(1, 30), 10)
        >>> [pts for pts in range(9) if grid.takes(pts)]
        [0, 3, 6]
    """

    start: int
    time_base: Fraction
    fps: float | Fraction
    _points_per_unit: Fraction = field(init=False)
    _next: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        fps = Fraction(self.fps).limit_denominator(_MAX_DENOMINATOR)
        self._points_per_unit = self.time_base * fps

    def point(self, pts: int) -> int:
        """The number of the last point that is not after `pts`."""
        ratio = self._points_per_unit
        return (pts - self.start) * ratio.numerator // ratio.denominator

    def begin(self, time_s: Fraction) -> int:
        """The first pts of the first point that is not before `time_s` from the start."""
        ratio = self._points_per_unit
        number = math.ceil(time_s / self.time_base * ratio)
        return self.start + math.ceil(number / ratio)

    def takes(self, pts: int) -> bool:
        """Whether the frame at `pts` is sampled; ask once for each frame, in order of pts."""
        passed = self.point(pts)
        if passed < self._next:
            return False
        self._next = passed + 1
        return True


@dataclass(slots=True)
class Forecast:
    """Tells before decoding which frames a grid cannot take, from the packets read so far.

    A frame is taken if a point of the grid lies between the frame before it in time and itself.
    Of the packets read so far the nearest earlier one is that frame or lies before it, so no
    frame that is ruled out is taken, whatever is still to be read.

    Example:
        >>> forecast = Forecast(SampleGrid(0, Fraction(1, 30), 10))
        >>> [forecast.rules_out(pts) for pts in (0, 4, 2, 1, 3)]
        [False, False, True, True, False]
    """

    grid: SampleGrid
    _stamps: list[int] = field(default_factory=list)

    def rules_out(self, pts: int) -> bool:
        """Whether the frame at `pts` is certainly not taken; ask for each packet that is read."""
        place = bisect.bisect_left(self._stamps, pts)
        self._stamps.insert(place, pts)
        if place == 0:
            return False
        before = self._stamps[place - 1]
        if len(self._stamps) > _KNOWN:
            del self._stamps[0]
        return self.grid.point(before) == self.grid.point(pts)


@dataclass(slots=True)
class PacketOrder:
    """Turns pts into ranks, from the packets that were read so far.

    Packets arrive in decoding order and know the pts of every frame, also of frames that the
    decoder skips. Once all packets before a frame in time have been added, its rank is the
    number of smaller pts.

    Example:
        >>> order = PacketOrder()
        >>> for pts in (0, 3, 1, 2):
        ...     order.add(pts)
        >>> order.rank(2), order.rank(3)
        (2, 3)
    """

    _waiting: list[int] = field(default_factory=list)
    _passed: int = 0

    def add(self, pts: int) -> None:
        """Note the pts of a packet that was read."""
        heapq.heappush(self._waiting, pts)

    def rank(self, pts: int) -> int:
        """The number of added pts that are smaller; ask in rising order of pts."""
        while self._waiting and self._waiting[0] < pts:
            heapq.heappop(self._waiting)
            self._passed += 1
        return self._passed

    def beyond(self, pts: int) -> int:
        """The number of added pts that are larger."""
        return sum(waiting > pts for waiting in self._waiting)


@dataclass(slots=True)
class FrameClock:
    """Gives decoded frames their time stamps where the packets do not carry them.

    AVI stores no presentation times and a raw stream none at all. There, the k-th frame that
    leaves the decoder takes the k-th smallest stamp of the packets, as players do.
    """

    _stamps: list[int] = field(default_factory=list)

    def add(self, stamp: int) -> None:
        """Note the stamp of a packet that was read."""
        heapq.heappush(self._stamps, stamp)

    def next(self) -> int | None:
        """The stamp of the next frame, or None if there are more frames than packets."""
        return heapq.heappop(self._stamps) if self._stamps else None
