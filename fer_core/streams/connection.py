"""One connection to a camera, opened and read with a deadline: it always ends."""

import errno
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.error import (
    ConnectionRefusedError,
    ExitError,
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    TimeoutError,
)
from av.packet import Packet
from av.video.stream import VideoStream

from fer_core.errors import StreamError
from fer_core.sources.container import reason
from fer_core.streams.camera import Camera
from fer_core.streams.lateness import Jumps, LeastLate

_TIMED_OUT = "timed out", "did not answer in time"
_KINDS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (
        (HTTPUnauthorizedError, HTTPForbiddenError),
        "unauthorized",
        "refuses this user and password; check them in cameras.yaml",
    ),
    ((HTTPNotFoundError,), "not found", "has no such stream; check the path of its url"),
    ((ConnectionRefusedError,), "refused", "nothing listens there; is the camera on?"),
    ((ExitError, TimeoutError), *_TIMED_OUT),
)

_WEBCAM: dict[int | None, tuple[str, str]] = {
    errno.ENOENT: ("not found", "there is no such webcam; ls /dev/video* shows those there are"),
    errno.ENODEV: ("not found", "no webcam is plugged in there"),
    errno.EACCES: ("unauthorized", "may not be opened; is this user in the group video?"),
    errno.EBUSY: ("refused", "another program uses this webcam"),
}

_LEAST_PACKETS = {"fpsprobesize": "0", "analyzeduration": "2000000"}
"""FFmpeg otherwise reads a second of every stream to guess a frame rate that nobody asks for."""

_MOST_SKEW_S = 60.0


@dataclass(slots=True)
class StreamClock:
    """From a connection's own time to the wall clock.

    The sender's reports (RTCP) tell it exactly. Without them it is told from arrival, by the
    least late frame. This machine's clock may be set meanwhile: then the new one counts.

    Args:
        sender_at: Unix time of the stream's time 0 as the sender says, None if it does not.
    """

    sender_at: float | None = None
    _arrival: LeastLate = field(default_factory=LeastLate, init=False)
    _started_at: float = field(default=0.0, init=False)

    def hear(self, media_s: float, arrived_s: float, arrived_at: float) -> None:
        """Note that a frame of this time arrived, by `time.monotonic` and as Unix time."""
        self._arrival.hear(media_s, arrived_s)
        self._started_at = arrived_at - arrived_s

    @property
    def kind(self) -> str:
        """ "sender" or "arrival"."""
        return "sender" if self._trusts_sender else "arrival"

    def unix_time(self, media_s: float) -> float:
        """Wall-clock time of a moment of the stream; ask once a frame has been heard."""
        return self.tell(media_s)[0]

    def tell(self, media_s: float) -> tuple[float, str]:
        """The same, and the kind of clock that it comes from: a report may come at any moment."""
        trusts = self._trusts_sender
        zero = self.sender_at if trusts else self._arrived_at
        assert zero is not None, "a frame was heard"
        return zero + media_s, "sender" if trusts else "arrival"

    @property
    def _arrived_at(self) -> float | None:
        """Unix time of the stream's time 0 by this machine's clock as it goes now."""
        zero_s = self._arrival.zero_at
        return None if zero_s is None else zero_s + self._started_at

    @property
    def _trusts_sender(self) -> bool:
        if self.sender_at is None or self._arrived_at is None:
            return False
        return abs(self.sender_at - self._arrived_at) < _MOST_SKEW_S


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet, and when it came (`time.monotonic` and Unix time, seconds)."""

    packet: Packet
    monotonic_s: float
    unix_s: float


class Connection:
    """An opened camera, read once until it ends.

    Args:
        camera: the camera.
        sound: whether its sound is wanted, too.

    Raises:
        StreamError: it cannot be opened.
    """

    def __init__(self, camera: Camera, sound: bool = False) -> None:
        self._camera = camera
        self._container = _open(camera, sound)
        self.clock = StreamClock()
        if not self._container.streams.video:
            self.close()
            raise StreamError("no pictures", f"{camera.name}: its stream has no pictures")
        self.video: VideoStream = self._container.streams.video[0]

    @property
    def container(self) -> InputContainer:
        return self._container

    def arrivals(self) -> Iterator[Arrival]:
        """Packets as they come, those of the sound too if it was asked for.

        Raises:
            StreamError: no picture comes for `stall_s`, whatever sound does, its time stamps
                jump, or the connection ends: so it always ends.
        """
        packets, jumps = self._container.demux(), defaultdict[int, Jumps](Jumps)
        newest = time.monotonic(), time.time()
        while (packet := self._next(packets)) is not None:
            now = time.monotonic(), time.time()
            has_stalled = now[0] - newest[0] > self._camera.config.stall_s
            if packet.size:
                self._check_time(packet, jumps[packet.stream_index], now[0])
                self._ask_sender()
                # When time is over FFmpeg hands out what it still held: that came long ago.
                yield Arrival(packet, *(newest if has_stalled else now))
            if has_stalled:
                raise self.stalled()
            if packet.stream_index == self.video.index:
                newest = now
        raise StreamError("ended", f"{self._camera.name}: the camera ended the connection")

    def _next(self, packets: Iterator[Packet]) -> Packet | None:
        try:
            return next(packets, None)
        except FFmpegError as error:
            kind, what = _explain(error)
        if kind == "timed out":
            raise self.stalled()
        raise StreamError("broken", f"{self._camera.name}: {self._camera.redact(what)}")

    def _check_time(self, packet: Packet, jumps: Jumps, arrived_s: float) -> None:
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is None or packet.time_base is None:
            return
        if jump_s := jumps.hear(float(stamp * packet.time_base), arrived_s):
            what = f"its time stamps jumped by {jump_s:+g} s"
            raise StreamError("broken", f"{self._camera.name}: {what}")

    def stalled(self, what: str = "no picture came") -> StreamError:
        """The error of a connection that has given no picture for too long."""
        seconds = f"{self._camera.config.stall_s:g}"
        return StreamError("stalled", f"{self._camera.name}: {what} for {seconds} s")

    def _ask_sender(self) -> None:
        if self._camera.config.clock == "auto" and self.clock.sender_at is None:
            began = self._container.start_time_realtime
            self.clock.sender_at = None if began is None else began / 1e6

    def close(self) -> None:
        """Ends the connection."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _open(camera: Camera, sound: bool) -> InputContainer:
    """The error of FFmpeg names the URL, so it must not live on as the cause of ours."""
    config = camera.config
    options = dict(_LEAST_PACKETS)
    if not camera.is_webcam:
        options["rtsp_transport"] = config.transport
        options["allowed_media_types"] = "video+audio" if sound else "video"
    began = time.monotonic()
    try:
        return av.open(
            camera.url.get_secret_value(),
            format="v4l2" if camera.is_webcam else None,
            options=options,
            timeout=(config.open_s, config.stall_s),
            metadata_errors="replace",
        )
    except (FFmpegError, OSError, ValueError) as error:
        is_late = time.monotonic() - began >= config.open_s  # FFmpeg may call it invalid data
        explain = _explain_webcam if camera.is_webcam else _explain
        kind, what = _TIMED_OUT if is_late else explain(error)
    raise StreamError(kind, f"{camera.name}: {camera.redact(what)}")


def _explain(error: Exception) -> tuple[str, str]:
    for types, kind, what in _KINDS:
        if isinstance(error, types):
            return kind, what
    return "unreachable", f"cannot be reached, or its answer cannot be understood ({_words(error)})"


def _explain_webcam(error: Exception) -> tuple[str, str]:
    """The operating system refuses a device with a number."""
    number = error.errno if isinstance(error, OSError) else None
    return _WEBCAM.get(number, ("unreachable", f"is no webcam that can be read ({_words(error)})"))


def _words(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else reason(error)
