"""Frames from a video file, each with its own time stamp and true rank.

The file is read once. What is not sampled is not converted, and where nothing else needs it not
even decoded; ranks come from the packets, so they are the same either way.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fer_core.config import HardwareDecoder, SampleConfig
from fer_core.errors import NoFrames
from fer_core.sources.base import SourceStats
from fer_core.sources.container import (
    creation_time,
    duration_s,
    fetch_key_frames_only,
    video_stream,
)
from fer_core.sources.decoder import Decoder, SkipFrame, no_frames_message
from fer_core.sources.hardware import note_refusal, open_to_decode
from fer_core.sources.packets import PacketReader
from fer_core.sources.picture import Orientation, PictureMaker
from fer_core.sources.sampling import Forecast, PacketOrder, SampleGrid
from fer_core.types import Frame, VideoInfo

_MAX_REORDER = 16
"""No codec shows a picture more than this many pictures later than it was stored (H.264 and
HEVC hold at most 16)."""


class VideoSource:
    """An opened video file as a source of frames; read once, in order of pts.

    Opening decodes the first frame, so that what cannot be decoded at all is known at once.
    Pixels that are not square stay as they are stored: a face in an anamorphic recording is
    as narrow for the detector as in the file.

    Args:
        path: the file.
        sample: which frames are handed out.
        long_side: longest side of the small colour pictures, in pixels.
        captured_at: wall-clock time of the first frame where something other than the
            container knows it (a file name); else the container's creation_time counts.
        hwaccel: see `open_to_decode`.

    Raises:
        UnreadableVideo: missing, empty, not permitted, or no video container.
        NoVideoStream: no pictures in it.
        NoFrames: not one frame could be decoded.

    Example:
        >>> with VideoSource(Path("door.mp4"), SampleConfig(fps=2)) as source:  # doctest: +SKIP
        ...     times = [frame.time_s for frame in source.frames()]
    """

    def __init__(
        self,
        path: Path,
        sample: SampleConfig,
        long_side: int = 640,
        captured_at: datetime | None = None,
        hwaccel: HardwareDecoder = "none",
    ) -> None:
        self._path = path
        self._sample = sample
        self._hwaccel: HardwareDecoder = hwaccel
        self._stats = SourceStats()
        self._order = PacketOrder()
        self._forecast: Forecast | None = None
        self._read_until: int | None = None
        self._pictures: Iterator[VideoFrame] = iter(())
        self._container: InputContainer | None = open_to_decode(path, hwaccel)
        try:
            self._open(self._container, long_side, captured_at)
        except BaseException:
            self.close()
            raise

    def _open(
        self, container: InputContainer, long_side: int, captured_at: datetime | None
    ) -> None:
        stream = video_stream(container, self._path)
        if self._sample.fps == "keyframes":
            fetch_key_frames_only(container, stream)
        decoder = Decoder(container, stream, self._stats, skip_frame(self._sample))
        self._time_base = decoder.time_base
        self._has_own_times = decoder.has_own_times
        pictures = self._decode(container, stream, decoder)
        first = next(pictures, None)
        if first is None:
            raise NoFrames(self._explain_no_frames())
        note_refusal(stream, self._hwaccel)
        self._pictures = chain([first], pictures)
        orientation = Orientation.of(first)
        self._maker = PictureMaker(orientation, long_side)
        start = _pts(first) if stream.start_time is None else stream.start_time
        self._start = min(start, _pts(first))
        self._forecast = self._new_forecast()
        width, height = orientation.size(first.width, first.height)
        rate = stream.average_rate or stream.guessed_rate
        self._info = VideoInfo(
            start_time_s=float(self._start * self._time_base),
            duration_s=duration_s(container, stream),
            fps=float(rate) if rate else None,
            width=width,
            height=height,
            codec=stream.codec_context.codec.canonical_name,
            captured_at=captured_at or creation_time(container),
            has_audio=bool(container.streams.audio),
        )

    @property
    def info(self) -> VideoInfo:
        """What the container says, known from opening on."""
        return self._info

    @property
    def stats(self) -> SourceStats:
        """Counts so far; `damage` is complete once `frames` has ended."""
        return self._stats

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of a frame's pts."""
        return self._time_base

    @property
    def has_own_times(self) -> bool:
        """Whether a frame's pts is known wherever one begins to read the file."""
        return self._has_own_times

    def border(self, time_s: Fraction) -> int:
        """The first pts, at or after a time from the video's start, where samples begin anew.

        What is sampled from there on does not depend on any frame before.
        """
        grid = self._grid()
        return self._start + ceil(time_s / self.time_base) if grid is None else grid.begin(time_s)

    def frames(self) -> Iterator[Frame]:
        """The sampled frames in order of pts; one pass, so call it once.

        A frame waits until no packet with an earlier pts can come any more, since only then
        its rank is known.
        """
        waiting: deque[VideoFrame] = deque()
        for picture in self._sampled():
            waiting.append(picture)
            while waiting and self._is_ranked(waiting[0], len(waiting)):
                yield self._frame(waiting.popleft())
        while waiting:
            yield self._frame(waiting.popleft())

    def close(self) -> None:
        """Let the file and the decoder's threads go; frames handed out stay valid."""
        if self._container is not None:
            self._container.close()
        self._container = None
        self._pictures = iter(())  # with the generator goes the decoder, and its threads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _decode(
        self, container: InputContainer, stream: VideoStream, decoder: Decoder
    ) -> Iterator[VideoFrame]:
        """All decoded frames, while noting every packet's pts for the ranks."""
        for packet in PacketReader(container, self._path, decoder.damage).packets(stream):
            if not packet.is_discard:
                self._order.add(decoder.stamp(packet))
            if packet.dts is not None:
                self._read_until = packet.dts
            if packet.is_keyframe or self._sample.fps != "keyframes":
                yield from decoder.decode(packet, self._may_sample(packet))
        yield from decoder.decode(None)
        decoder.check_end()

    def _grid(self) -> SampleGrid | None:
        fps = self._sample.fps
        return None if isinstance(fps, str) else SampleGrid(self._start, self._time_base, fps)

    def _new_forecast(self) -> Forecast | None:
        grid = self._grid()
        return None if grid is None else Forecast(grid)

    def _may_sample(self, packet: Packet) -> bool:
        """Whether a packet's frame may be one that is sampled; ask for each packet."""
        if self._forecast is None or packet.is_discard or packet.pts is None:
            return True
        return not self._forecast.rules_out(packet.pts)

    def _sampled(self) -> Iterator[VideoFrame]:
        grid = self._grid()
        for picture in self._pictures:
            pts = _pts(picture)
            self._stats.media_time_s = float((pts - self._start) * self.time_base)
            if grid is None or grid.takes(pts):
                yield picture

    def _is_ranked(self, picture: VideoFrame, waiting: int) -> bool:
        """Whether all packets before a picture in time have been read: pts never precede dts."""
        read = self._read_until is not None and self._read_until >= _pts(picture)
        return read or waiting > _MAX_REORDER

    def _frame(self, picture: VideoFrame) -> Frame:
        pts = _pts(picture)
        luma, limited = self._maker.luma(picture)
        self._stats.frames_sampled += 1
        return Frame(
            frame_index=self._order.rank(pts),
            pts=pts,
            time_s=float(pts * self.time_base),
            luma=luma,
            bgr=self._maker.bgr(picture),
            limited_range=limited,
            picture=picture,
        )

    def _explain_no_frames(self) -> str:
        if self._sample.fps == "keyframes" and not self._stats.damage:
            return (
                f"{self._path}: none of its key frames is shown; "
                "set sample.fps to a number or to all"
            )
        return no_frames_message(self._path, self._stats)


def probe(path: Path) -> VideoInfo:
    """What a file's container says of its video.

    Raises:
        VideoError: as `VideoSource`.
    """
    with VideoSource(path, SampleConfig(fps="keyframes")) as source:
        return source.info


def _pts(picture: VideoFrame) -> int:
    assert picture.pts is not None, "the decoder stamps every frame"
    return picture.pts


def skip_frame(sample: SampleConfig) -> SkipFrame:
    """What the decoder need not decode."""
    if sample.fps == "keyframes":
        return "NONKEY"
    return "NONREF" if sample.skip == "nonref" else "DEFAULT"
