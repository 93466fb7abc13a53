"""From packets to decoded frames with true time stamps, past whatever is damaged."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fer_core.config import HardwareDecoder
from fer_core.errors import NoFrames
from fer_core.sources.base import SourceStats
from fer_core.sources.container import reason, video_stream
from fer_core.sources.h264 import has_frames_only
from fer_core.sources.hardware import open_to_decode
from fer_core.sources.packets import Damage, PacketReader
from fer_core.sources.sampling import FrameClock, PacketOrder

SkipFrame = Literal["DEFAULT", "NONREF", "NONKEY"]
"""FFmpeg's names of what the decoder may leave out: nothing much, what no other frame refers
to, all but key frames."""

_LIVE = ("rtsp", "video4linux2,v4l2")


class Decoder:
    """Decodes the packets of one video stream and puts a pts on every frame.

    Frames come in rising order of pts. A frame whose stamp does not rise (two pictures at one
    time, or a clock that jumps back) is left out and counted as damaged, since nothing
    downstream could tell the two apart.

    Args:
        container, stream: where the packets are from.
        stats: gets the counts.
        skip_frame: what need not be decoded.
        damage: notes there what goes wrong; None for one that notes everything.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        stats: SourceStats,
        skip_frame: SkipFrame = "DEFAULT",
        damage: Damage | None = None,
    ) -> None:
        assert stream.time_base is not None, "an opened stream has a time base"
        self.time_base = stream.time_base
        self._stats = stats
        self.damage = damage or Damage(stats, self.time_base)
        self._context: VideoCodecContext = stream.codec_context
        self._context.thread_type = "AUTO"
        self._rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._clock = FrameClock() if _lacks_pts(container, stream) else None
        self._skip_frame: SkipFrame = skip_frame
        if self._clock is None:
            self._context.skip_frame = skip_frame
        self._packets = 0
        self._last: int | None = None
        self._due = PacketOrder()
        self._one_frame_a_packet = self._clock is None and skip_frame == "DEFAULT"
        self._may_skip = self._one_frame_a_packet and _skips_exactly(container, self._context)

    @property
    def may_skip(self) -> bool:
        """Whether frames that nobody wants and no other needs are left out, as yet."""
        return self._may_skip

    @property
    def has_own_times(self) -> bool:
        """Whether the packets say when their frames are shown, wherever one begins to read."""
        return self._clock is None

    def stamp(self, packet: Packet) -> int:
        """The packet's pts; for a raw stream, which has none, its place at a constant rate."""
        if packet.pts is not None:
            return packet.pts
        if packet.dts is not None:
            return packet.dts
        return round(self._packets / (self._rate * self.time_base))

    def decode(self, packet: Packet | None, wanted: bool = True) -> list[VideoFrame]:
        """The frames that a packet brings out of the decoder, each with its pts.

        Args:
            packet: the next one in file order, or None at the end to get the last frames.
            wanted: whether anyone will look at its frame. If not, it is left out where no other
                frame needs it, as long as nothing is known to be damaged.
        """
        if packet is not None:
            self._prepare(packet, wanted)
            self._packets += 1
        try:
            frames = self._context.decode(packet)
        except FFmpegError as error:
            at = None if packet is None else packet.pts
            self.damage.count(f"undecodable packet ({reason(error)})", at)
            return []
        return [frame for frame in frames if self._accept(frame)]

    def check_end(self) -> None:
        """Count the frames that the decoder still held when one of the last packets failed.

        FFmpeg drops these without a word. Where a packet need not be a frame (fields, frames
        that are skipped, AVI's place holders), nothing can be told.
        """
        if self._last is not None and self._one_frame_a_packet:
            lost = self._due.beyond(self._last)
            if lost:
                self.damage.lose_end(lost)

    def _prepare(self, packet: Packet, wanted: bool) -> None:
        """Note what is to come of a packet, and let the decoder leave out what may be."""
        if self._clock is not None:
            if not packet.is_discard:
                self._clock.add(self.stamp(packet))
            return
        if (
            packet.is_corrupt
            or packet.has_sidedata("new_extradata")
            or self.damage.is_noticed
            or not self._one_frame_a_packet
        ):
            self._may_skip = False
        skips = self._may_skip and not wanted
        self._context.skip_frame = "NONREF" if skips else self._skip_frame
        if not skips and not packet.is_discard:
            self._due.add(self.stamp(packet))

    def _accept(self, frame: VideoFrame) -> bool:
        self._stats.frames_decoded += 1
        pts = self._pts(frame)
        if self._last is not None and pts <= self._last:
            self.damage.count("picture whose time stamp does not rise", pts)
            return False
        if frame.is_corrupt:
            self.damage.count("damaged picture", pts)
        if frame.interlaced_frame:
            self._one_frame_a_packet = False
        self._due.rank(pts)
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


def _skips_exactly(container: InputContainer, context: VideoCodecContext) -> bool:
    """Whether frames can be left out of decoding with nothing else changed.

    HEVC marks what is not needed within a temporal layer only, VP9 and AV1 cannot be told while
    they decode, and MPEG-4 may pack two pictures in one packet. A container has to tell when
    the file is cut: elsewhere, as in MPEG-TS, only decoding what is there does.
    """
    tells_cuts = {"mp4", "matroska"} & set(container.format.name.split(","))
    frames_only = context.name == "h264" and has_frames_only(context.extradata or b"")
    return bool(tells_cuts) and frames_only


def _lacks_pts(container: InputContainer, stream: VideoStream) -> bool:
    """Whether frames cannot get their pts from the packets.

    AVI keeps decoding order only, which matters where the codec reorders; of raw streams
    FFmpeg knows no start time. Live packets carry their time, and may be lost, so that their
    number would tell a wrong one.
    """
    if container.format.name in _LIVE:
        return False
    if container.format.name == "avi":
        return bool(stream.codec_context.has_b_frames)
    return stream.start_time is None


def pictures(path: Path, hwaccel: HardwareDecoder = "none") -> Iterator[VideoFrame]:
    """All the pictures of a video in order of pts, past whatever is damaged.

    Args:
        path: the video.
        hwaccel: see `open_to_decode`.

    Raises:
        UnreadableVideo, NoVideoStream: it cannot be read.
        NoFrames: not one picture can be decoded.
    """
    with open_to_decode(path, hwaccel) as container:
        stream = video_stream(container, path)
        stats = SourceStats()
        decoder = Decoder(container, stream, stats)
        for packet in PacketReader(container, path, decoder.damage).packets(stream):
            yield from decoder.decode(packet)
        yield from decoder.decode(None)
        if not stats.frames_decoded:
            raise NoFrames(no_frames_message(path, stats))


def no_frames_message(path: Path, stats: SourceStats) -> str:
    """What to tell about a video of which nothing could be decoded."""
    why = stats.damage or "the header is there, the pictures are not"
    return f"{path}: expected pictures, not one could be decoded ({why})"
