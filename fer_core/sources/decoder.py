"""From a container to decoded frames with true time stamps, past whatever is damaged."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fer_core.sources.base import SourceStats
from fer_core.sources.container import duration_s, reason
from fer_core.sources.sampling import FrameClock
from fer_core.sources.truncation import missing_bytes

SkipFrame = Literal["DEFAULT", "NONREF", "NONKEY"]
"""FFmpeg's names of what the decoder may leave out: nothing much, what no other frame refers
to, all but key frames."""

_MAX_READ_ERRORS = 16
"""Failed reads in a row after which the rest of a file is given up."""


class Damage:
    """Notes in a source's statistics what went wrong, and where."""

    def __init__(self, stats: SourceStats, time_base: Fraction) -> None:
        self._stats = stats
        self._time_base = time_base

    def count(self, what: str, pts: int | None) -> None:
        """A packet or picture that is lost or marred."""
        self._stats.frames_corrupt += 1
        self.note(what if pts is None else f"{what} at {float(pts * self._time_base):.3f} s")

    def note(self, what: str) -> None:
        """Something wrong that is no single frame; the first one is kept."""
        self._stats.damage = self._stats.damage or what


def read_packets(
    container: InputContainer, streams: tuple[Stream, ...], damage: Damage
) -> Iterator[Packet]:
    """The packets of some streams as they lie in the file, without FFmpeg's flush packets.

    A read error is counted, and reading goes on behind it.
    """
    failures = 0
    while failures < _MAX_READ_ERRORS:
        try:
            for packet in container.demux(*streams):
                if packet.size:
                    failures = 0
                    yield packet
            return
        except FFmpegError as error:
            failures += 1
            damage.count(f"unreadable data ({reason(error)})", None)


class Decoder:
    """Decodes the packets of one video stream and puts a pts on every frame.

    Frames come in rising order of pts. A frame whose stamp does not rise (two pictures at one
    time, or a clock that jumps back) is left out and counted as damaged, since nothing
    downstream could tell the two apart.

    Args:
        container, stream: where the packets are from.
        stats: gets the counts.
        skip_frame: what need not be decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        stats: SourceStats,
        skip_frame: SkipFrame = "DEFAULT",
    ) -> None:
        assert stream.time_base is not None, "an opened stream has a time base"
        self.time_base = stream.time_base
        self._stats = stats
        self.damage = Damage(stats, self.time_base)
        self._context: VideoCodecContext = stream.codec_context
        self._context.thread_type = "AUTO"
        self._rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._clock = FrameClock() if _lacks_pts(container, stream) else None
        if self._clock is None:
            self._context.skip_frame = skip_frame
        self._packets = 0
        self._last: int | None = None

    def stamp(self, packet: Packet) -> int:
        """The packet's pts; for a raw stream, which has none, its place at a constant rate."""
        if packet.pts is not None:
            return packet.pts
        if packet.dts is not None:
            return packet.dts
        return round(self._packets / (self._rate * self.time_base))

    def decode(self, packet: Packet | None) -> list[VideoFrame]:
        """The frames that a packet brings out of the decoder, each with its pts.

        Args:
            packet: the next one in file order, or None at the end to get the last frames.
        """
        if packet is not None:
            if self._clock is not None and not packet.is_discard:
                self._clock.add(self.stamp(packet))
            self._packets += 1
        try:
            frames = self._context.decode(packet)
        except FFmpegError as error:
            at = None if packet is None else packet.pts
            self.damage.count(f"undecodable packet ({reason(error)})", at)
            return []
        return [frame for frame in frames if self._accept(frame)]

    def _accept(self, frame: VideoFrame) -> bool:
        self._stats.frames_decoded += 1
        pts = self._pts(frame)
        if self._last is not None and pts <= self._last:
            self.damage.count("picture whose time stamp does not rise", pts)
            return False
        if frame.is_corrupt:
            self.damage.count("damaged picture", pts)
        frame.pts = self._last = pts
        frame.time_base = self.time_base
        return True

    def _pts(self, frame: VideoFrame) -> int:
        pts = self._clock.next() if self._clock is not None else frame.pts
        if pts is None:
            pts = frame.dts
        if pts is None:
            step = max(1, round(1 / (self._rate * self.time_base)))
            pts = 0 if self._last is None else self._last + step
        return pts


def _lacks_pts(container: InputContainer, stream: VideoStream) -> bool:
    """Whether frames cannot get their pts from the packets.

    AVI keeps decoding order only, which matters where the codec reorders; of raw streams
    FFmpeg knows no start time.
    """
    if container.format.name == "avi":
        return bool(stream.codec_context.has_b_frames)
    return stream.start_time is None


def note_truncation(
    container: InputContainer, stream: VideoStream, path: Path, stats: SourceStats, damage: Damage
) -> None:
    """Say in the statistics if the file ends before its own header says, at the end of it."""
    missing = missing_bytes(path)
    if missing:
        length = duration_s(container, stream)
        of = f" of {length:.1f} s" if length else ""
        damage.note(
            f"truncated: ends at {stats.media_time_s:.1f} s{of}, the file is "
            f"{missing:,} bytes shorter than its header says"
        )
