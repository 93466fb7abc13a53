"""Annotated videos: a second pass that decodes, draws what the records say, and encodes.

No network runs here. Every frame that decodes is shown, at its own time; frames between two
samples carry the latest result.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from fer_core.atomic import atomic_file
from fer_core.config import RenderConfig
from fer_core.errors import RenderError
from fer_core.sinks.canvas import Canvas, ColourTags, planes
from fer_core.sinks.drawing import Painter, Patch
from fer_core.sinks.sound import SoundTrack
from fer_core.sources.base import SourceStats
from fer_core.sources.container import duration_s, open_container, reason, video_stream
from fer_core.sources.decoder import Decoder, first_frame
from fer_core.sources.packets import PacketReader, has_constant_rate
from fer_core.sources.picture import Orientation
from fer_core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one sampled frame shows: n faces, column by column; n may be 0.

    Args:
        pts: the sampled frame's, in the stream's time base.
        boxes: (n, 4) float32, x y width height in pixels of the upright frame.
        track_ids: (n,) int32.
        emotions: n names of emotions.
        confidences: (n,) float32 in 0–1.
        probabilities: (n, 7) float32 in the order of `EMOTIONS`.
    """

    pts: int
    boxes: FloatArray
    track_ids: NDArray[np.int32]
    emotions: Sequence[str]
    confidences: FloatArray
    probabilities: FloatArray

    def __post_init__(self) -> None:
        lengths = {
            len(column)
            for column in (
                self.boxes,
                self.track_ids,
                self.emotions,
                self.confidences,
                self.probabilities,
            )
        }
        if len(lengths) != 1:
            raise ValueError(f"expected columns of one length, received {sorted(lengths)}")


def render(
    video_path: Path,
    records: Iterable[Overlay],
    out: Path,
    config: RenderConfig | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Make the annotated MP4 of a whole video.

    The output is H.264 in yuv420p with its index in front, so that browsers play it. It is
    upright, keeps the times of all frames (its own clock begins at 0) and the sound: copied
    where a browser can play it from MP4 (AAC, MP3, Opus, FLAC), else as AAC.

    Args:
        video_path: the video.
        records: what each sampled frame shows, in order of pts.
        out: the file to write; it appears only when it is whole.
        config: quality.
        progress: called now and then with the part that is done, 0–1.

    Raises:
        VideoError: the video cannot be read at all; damage within it is passed over.
        RenderError: the output cannot be written.
    """
    first = first_frame(video_path)
    try:
        with (
            open_container(video_path) as container,
            atomic_file(out) as temporary,
            av.open(f"file:{temporary}", "w", "mp4", {"movflags": "+faststart"}) as target,
        ):
            renderer = _Renderer(
                container, target, video_path, first, records, config or RenderConfig()
            )
            renderer.run(progress or (lambda done: None))
    except (FFmpegError, OSError) as error:
        raise RenderError(
            f"{out}: the annotated video cannot be written ({reason(error)}); "
            "see that the disk is not full and the directory can be written to"
        ) from error


class _Renderer:
    """One rendering: the streams of the source, those of the output, and what is drawn."""

    def __init__(
        self,
        container: InputContainer,
        target: OutputContainer,
        path: Path,
        first: VideoFrame,
        records: Iterable[Overlay],
        config: RenderConfig,
    ) -> None:
        self._path = path
        self._target = target
        self._source = video_stream(container, path)
        self._length_s = duration_s(container, self._source)
        self._decoder = Decoder(container, self._source, SourceStats())
        self._reader = PacketReader(container, path, self._decoder.damage)
        sounds = [s for s in container.streams.audio if cast(object, s.codec_context)]
        self._start = _start_s([self._source, *sounds])
        self._canvas = Canvas(first.width, first.height, Orientation.of(first))
        tags = ColourTags.of(first)
        self._painter = Painter(*self._canvas.size, tags.is_bt709(first.height))
        self._video = self._add_video(tags, config)
        self._sounds = {s.index: SoundTrack(s, target, self._start) for s in sounds}
        self._records = iter(records)
        self._next = next(self._records, None)
        self._patches: list[Patch] = []
        self._held: VideoFrame | None = None

    def _add_video(self, tags: ColourTags, config: RenderConfig) -> VideoStream:
        source = self._source
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        options = {"crf": str(config.crf), "preset": config.preset}
        if not has_constant_rate(self._path):
            # MP4 counts a stream's length in decoding times, which is wrong by as much as the
            # rate varies if frames are reordered.
            options["bf"] = "0"
        stream = self._target.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height = self._canvas.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = self._decoder.time_base
        context.flags |= Flags.frame_duration
        context.color_range = 1
        context.colorspace = tags.matrix
        context.color_trc = tags.transfer
        context.color_primaries = tags.primaries
        aspect = source.sample_aspect_ratio
        if aspect:
            turned = self._canvas.orientation.transpose
            context.sample_aspect_ratio = 1 / aspect if turned else aspect
        return stream

    def run(self, progress: Callable[[float], None]) -> None:
        """Everything from the first packet to the last."""
        sources = [self._source, *(sound.source for sound in self._sounds.values())]
        for packet in self._reader.packets(*sources):
            sound = self._sounds.get(packet.stream_index)
            if sound:
                self._target.mux(list(sound.packets(packet)))
                continue
            for frame in self._decoder.decode(packet):
                self._show(frame)
                progress(self._done(frame))
        for frame in self._decoder.decode(None):
            self._show(frame)
        self._finish()
        progress(1.0)

    def _show(self, frame: VideoFrame) -> None:
        """Encode the frame before this one, whose duration is known only now."""
        held, self._held = self._held, frame
        if held is not None:
            self._encode(held, _pts(frame) - _pts(held))

    def _finish(self) -> None:
        if self._held is not None:
            self._encode(self._held, self._last_duration(self._held))
        self._target.mux(self._video.encode(None))
        for sound in self._sounds.values():
            self._target.mux(list(sound.packets(None)))

    def _last_duration(self, frame: VideoFrame) -> int:
        """How long the last frame is shown, in units of the time base.

        It is not shown past the end of its stream, such as that of an edit list, unless the
        frame itself begins there and so refutes it.
        """
        nominal = round(1 / (self._video.codec_context.framerate * self._decoder.time_base))
        duration = frame.duration or max(1, nominal)
        start, length = self._source.start_time, self._source.duration
        if start is None or length is None:
            return duration
        left = start + length - _pts(frame)
        return min(duration, left) if left > 0 else duration

    def _encode(self, frame: VideoFrame, duration: int) -> None:
        pts = _pts(frame)
        self._look_up(pts)
        picture = self._canvas.prepare(frame)
        if self._patches:
            picture.make_writable()  # the decoder still needs the picture it shares
            for patch in self._patches:
                patch.paint(planes(picture))
        picture.pts = pts - round(self._start / self._decoder.time_base)
        picture.duration = duration
        picture.time_base = self._decoder.time_base
        self._target.mux(self._video.encode(picture))

    def _look_up(self, pts: int) -> None:
        """Draw the latest result at this time, if it is another than before."""
        latest = None
        while self._next is not None and self._next.pts <= pts:
            latest, self._next = self._next, next(self._records, None)
        if latest is not None:
            self._patches = self._painter.patches(
                latest.boxes,
                latest.track_ids.tolist(),
                latest.emotions,
                latest.confidences.tolist(),
                latest.probabilities,
            )

    def _done(self, frame: VideoFrame) -> float:
        if not self._length_s:
            return 0.0
        shown_s = float(_pts(frame) * self._decoder.time_base - self._start)
        return min(1.0, max(0.0, shown_s / self._length_s))


def _pts(frame: VideoFrame) -> int:
    assert frame.pts is not None, "the decoder stamps every frame"
    return frame.pts


def _start_s(streams: Sequence[VideoStream | AudioStream]) -> Fraction:
    """Seconds at which the first of the streams begins."""
    return min(
        (s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base),
        default=Fraction(0),
    )
