"""Annotated videos of analyses: while one runs, or afterwards from its records."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from fer_core.config import ProcessConfig, RenderConfig
from fer_core.errors import RenderError, VideoError
from fer_core.ledger import VideoSummary
from fer_core.overlap import write_behind
from fer_core.paths import printable
from fer_core.sinks.annotated import Shown, encode, render
from fer_core.sinks.overlays import Overlay, read_overlays
from fer_core.sinks.parquet import records_path
from fer_core.types import Frame, FrameFaces, VideoRef

_NOT_ANNOTATED = "no annotated video: "

_WAITING_FOR_ENCODER = 4
"""Pictures with their results: enough to keep the encoder busy, and 12 MB at 1080p."""


def annotates_along(config: ProcessConfig) -> bool:
    """Whether an analysis decodes just the frames that its annotated video shows: all."""
    sample = config.sample
    return config.render.enabled and (sample.fps, sample.skip) == ("all", "none")


def annotate(
    video: VideoRef,
    out: Path,
    row: VideoSummary,
    config: ProcessConfig,
    progress: Callable[[float], None],
) -> VideoSummary:
    """Renders the annotated video of a finished analysis from its records: a second pass.

    Args:
        video: the video.
        out: the output directory.
        row: what the analysis came to.
        config: quality, and where to decode.
        progress: called now and then with the part that is done, 0–1.

    Returns:
        The row with the annotated video's path, or "partial" with the reason why there is none.

    Raises:
        RecordsError: the records are missing or damaged.
    """
    records = records_path(out, row.video_id, row.captured_at)
    target, hwaccel = out / _relative(video), config.decode.hwaccel
    error = _error_of(
        lambda: render(video.path, read_overlays(records), target, config.render, progress, hwaccel)
    )
    return _noted(row, video, error)


class Annotation:
    """The annotated video of an analysis that runs: made of the pictures it has decoded anyway.

    Args:
        video: the video.
        out: the output directory.
        config: quality.
    """

    def __init__(self, video: VideoRef, out: Path, config: RenderConfig) -> None:
        self._video = video
        self._out = out
        self._config = config
        self._pictures: deque[VideoFrame] = deque()
        self._put: Callable[[Shown], None]
        self._error: Exception | None = None

    @contextmanager
    def making(self) -> Iterator[None]:
        """While an analysis runs; the file appears when the block ends without an error."""
        with write_behind(self._make, _WAITING_FOR_ENCODER, "encode") as self._put:
            yield

    def keep(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames; their pictures wait here for the results."""
        for frame in frames:
            assert frame.picture is not None, "frames of a video have their picture"
            self._pictures.append(frame.picture)
            yield frame

    def show(self, frame: FrameFaces, track_ids: NDArray[np.int32]) -> None:
        """The results of the next frame; one for each that was kept, in their order."""
        self._put((self._pictures.popleft(), Overlay.of(frame, track_ids)))

    def noted_in(self, row: VideoSummary) -> VideoSummary:
        """As `annotate` returns it, once the video is made."""
        return _noted(row, self._video, self._error)

    def _make(self, shown: Iterator[Shown]) -> None:
        target = self._out / _relative(self._video)
        self._error = _error_of(lambda: encode(self._video.path, shown, target, self._config))


def _relative(video: VideoRef) -> Path:
    return Path("annotated") / video.relative


def _error_of(rendering: Callable[[], None]) -> RenderError | VideoError | None:
    """What kept an annotated video from being made; the records are worth keeping all the same."""
    try:
        rendering()
    except (RenderError, VideoError) as error:
        return error
    return None


def _noted(row: VideoSummary, video: VideoRef, error: Exception | None) -> VideoSummary:
    damage = (row.error or "").partition(_NOT_ANNOTATED)[0].removesuffix("; ")
    if error is not None:
        reasons = [damage] if damage else []
        reasons.append(printable(f"{_NOT_ANNOTATED}{error}"))
        return replace(row, status="partial", error="; ".join(reasons))
    status = "partial" if damage else "ok"
    annotated = _relative(video).as_posix()
    return replace(row, status=status, error=damage or None, annotated=annotated)
