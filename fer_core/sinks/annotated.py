"""Annotated videos: frames that are drawn on and encoded, with the sound of their source.

Two ways lead here. `render` is a second pass: it decodes the video again and draws what the
records say; frames between two samples carry the latest result. Where an analysis looks at every
frame, it hands its own pictures to `encode` instead, and nothing is decoded twice. No network runs
here. Every frame that decodes is shown, at its own time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fer_core.atomic import atomic_file
from fer_core.config import HardwareDecoder, RenderConfig
from fer_core.errors import RenderError
from fer_core.overlap import read_ahead
from fer_core.sinks.canvas import Canvas, ColourTags, planes
from fer_core.sinks.drawing import Painter, Patch
from fer_core.sinks.hidden import Hidden, hide
from fer_core.sinks.overlays import Overlay
from fer_core.sinks.sound import Sound, sound_streams
from fer_core.sources.container import duration_s, open_container, reason, video_stream
from fer_core.sources.decoder import pictures
from fer_core.sources.packets import has_constant_rate
from fer_core.sources.picture import Orientation
from fer_core.types import FloatArray


class Shown(NamedTuple):
    """A decoded picture, and what becomes of it.

    Args:
        picture: with its pts.
        overlay: what is drawn from it on; None: as on the one before.
        hidden: what is made unrecognisable on it, as in `Hidden.parts`; None: nothing.
    """

    picture: VideoFrame
    overlay: Overlay | None
    hidden: FloatArray | None = None


_DECODED_AHEAD = 4
"""Pictures that wait for the encoder: enough to keep it busy, and 12 MB at 1080p."""


def render(
    video_path: Path,
    records: Iterable[Overlay],
    out: Path,
    config: RenderConfig | None = None,
    progress: Callable[[float], None] | None = None,
    hwaccel: HardwareDecoder = "none",
    hidden: Hidden | None = None,
) -> None:
    """Make the annotated MP4 of a whole video from its records; see `encode`.

    Args:
        video_path: the video.
        records: what each sampled frame shows, in order of pts.
        out: the file to write; it appears only when it is whole.
        config: quality.
        progress: called now and then with the part that is done, 0–1.
        hwaccel: see `open_to_decode`.
        hidden: what is made unrecognisable; nothing if None.

    Raises:
        VideoError: the video cannot be read at all; damage within it is passed over.
        RenderError: the output cannot be written.
    """
    tell = progress or (lambda done: None)
    drawn = _with_latest(pictures(video_path, hwaccel), records, hidden)
    with read_ahead(drawn, _DECODED_AHEAD, "decode") as shown:
        encode(video_path, shown, out, config or RenderConfig(), tell)
    tell(1.0)


def encode(
    video_path: Path,
    shown: Iterable[Shown],
    out: Path,
    config: RenderConfig,
    progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Make an annotated MP4 from a video's pictures.

    The output is H.264 in yuv420p with its index in front, so that browsers play it. It is
    upright, keeps the times of all frames (its own clock begins at 0) and the sound: copied
    where a browser can play it from MP4 (AAC, MP3, Opus, FLAC), else as AAC.

    Args:
        video_path: the video; only its header and its sound are read.
        shown: at least one of its pictures, in order of pts; an error among them is passed on.
        out: the file to write; it appears only when it is whole.
        config: quality.
        progress: called now and then with the part that is done, 0–1.

    Raises:
        VideoError: the video cannot be opened.
        RenderError: the output cannot be written.
    """
    try:
        pairs = iter(shown)
        first = next(pairs)
        with (
            open_container(video_path) as container,
            atomic_file(out) as temporary,
            av.open(f"file:{temporary}", "w", "mp4", {"movflags": "+faststart"}) as target,
        ):
            renderer = _Renderer(container, target, video_path, first.picture, config)
            for item in chain([first], pairs):
                renderer.show(item)
                progress(renderer.done(item.picture))
            renderer.finish()
    except (FFmpegError, OSError) as error:
        raise RenderError(
            f"{out}: the annotated video cannot be written ({reason(error)}); "
            "see that the disk is not full and the directory can be written to"
        ) from error


def _with_latest(
    frames: Iterable[VideoFrame], records: Iterable[Overlay], hidden: Hidden | None
) -> Iterator[Shown]:
    """Every picture with the latest result at its time, where that is a new one."""
    results = iter(records)
    coming = next(results, None)
    for frame in frames:
        latest = None
        while coming is not None and coming.pts <= _pts(frame):
            latest, coming = coming, next(results, None)
        yield Shown(frame, latest, hidden.at(_pts(frame)) if hidden else None)


class _Renderer:
    """One rendering: the streams of the source, those of the output, and what is drawn."""

    def __init__(
        self,
        container: InputContainer,
        target: OutputContainer,
        path: Path,
        first: VideoFrame,
        config: RenderConfig,
    ) -> None:
        self._target = target
        self._source = video_stream(container, path)
        assert self._source.time_base is not None, "an opened stream has a time base"
        self._time_base = self._source.time_base
        self._length_s = duration_s(container, self._source)
        self._start = _start_s([self._source, *sound_streams(container)])
        self._canvas = Canvas(first.width, first.height, Orientation.of(first))
        tags = ColourTags.of(first)
        self._painter = Painter(*self._canvas.size, tags.is_bt709(first.height))
        self._video = self._add_video(tags, config, has_constant_rate(path))
        self._sound = Sound(container, path, target, self._start)
        self._patches: list[Patch] = []
        self._held: Shown | None = None

    def _add_video(self, tags: ColourTags, config: RenderConfig, even: bool) -> VideoStream:
        source = self._source
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        options = {"crf": str(config.crf), "preset": config.preset}
        if not even:
            # MP4 counts a stream's length in decoding times, which is wrong by as much as the
            # rate varies if frames are reordered.
            options["bf"] = "0"
        stream = self._target.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height = self._canvas.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = self._time_base
        context.thread_type = "AUTO"  # PyAV's own choice, slices, encodes larger and slower
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

    def show(self, shown: Shown) -> None:
        """Take a picture, and encode the one before, whose duration is known only now."""
        held, self._held = self._held, shown
        if held is not None:
            self._encode(held, _pts(shown.picture) - _pts(held.picture))

    def finish(self) -> None:
        """What is still to come after the last picture."""
        if self._held is not None:
            self._encode(self._held, self._last_duration(self._held.picture))
        self._target.mux(self._video.encode(None))
        self._target.mux(list(self._sound.until(None)))

    def done(self, picture: VideoFrame) -> float:
        """The part of the video that is through with a picture, 0–1; 0 if its length is unknown."""
        if not self._length_s:
            return 0.0
        shown_s = float(_pts(picture) * self._time_base - self._start)
        return min(1.0, max(0.0, shown_s / self._length_s))

    def _last_duration(self, frame: VideoFrame) -> int:
        """How long the last frame is shown, in units of the time base.

        It is not shown past the end of its stream, such as that of an edit list, unless the
        frame itself begins there and so refutes it.
        """
        nominal = round(1 / (self._video.codec_context.framerate * self._time_base))
        duration = frame.duration or max(1, nominal)
        start, length = self._source.start_time, self._source.duration
        if start is None or length is None:
            return duration
        left = start + length - _pts(frame)
        return min(duration, left) if left > 0 else duration

    def _encode(self, shown: Shown, duration: int) -> None:
        pts = _pts(shown.picture)
        picture = self._draw(shown)
        picture.pts = pts - round(self._start / self._time_base)
        picture.duration = duration
        picture.time_base = self._time_base
        self._target.mux(self._video.encode(picture))
        self._target.mux(list(self._sound.until(pts * self._time_base)))

    def _draw(self, shown: Shown) -> VideoFrame:
        if (overlay := shown.overlay) is not None:
            self._patches = self._painter.patches(
                overlay.boxes,
                overlay.track_ids.tolist(),
                overlay.emotions,
                overlay.confidences,
                overlay.probabilities,
            )
        picture = self._canvas.prepare(shown.picture)
        is_hiding = shown.hidden is not None and len(shown.hidden) > 0
        if self._patches or is_hiding:
            picture.make_writable()  # the decoder still needs the picture it shares
            canvas = planes(picture)
            if shown.hidden is not None:
                hide(canvas, shown.hidden)
            for patch in self._patches:
                patch.paint(canvas)
        return picture


def _pts(frame: VideoFrame) -> int:
    assert frame.pts is not None, "the decoder stamps every frame"
    return frame.pts


def _start_s(streams: Sequence[VideoStream | AudioStream]) -> Fraction:
    """Seconds at which the first of the streams begins."""
    return min(
        (s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base),
        default=Fraction(0),
    )
