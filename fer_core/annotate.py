"""Annotated videos of analyses: while one runs, or afterwards from its records."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, starmap
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.errors import RenderError, VideoError
from fer_core.hiding import bridge, search
from fer_core.ledger import VideoSummary
from fer_core.overlap import write_behind
from fer_core.paths import printable
from fer_core.sinks.annotated import Shown, encode, render
from fer_core.sinks.hidden import Hidden
from fer_core.sinks.overlays import Overlay, read_overlays, smoothed
from fer_core.sinks.parquet import records_path
from fer_core.types import Frame, FrameFaces, VideoRef

_NOT_ANNOTATED = "no annotated video: "

_NO_VIDEO = (RenderError, VideoError)
"""What keeps an annotated video from being made; the records are worth keeping all the same."""

_Result = tuple[VideoFrame, Overlay]

_WAITING_FOR_ENCODER = 4
"""Pictures with their results: enough to keep the encoder busy, and 12 MB at 1080p."""

_SMOOTHED_BYTES = 200_000_000
"""What may wait of pictures until their smoothed results are known: 64 frames at 1080p."""

_log = logging.getLogger(__name__)


def annotate(
    video: VideoRef,
    out: Path,
    row: VideoSummary,
    engine: Engine,
    config: ProcessConfig,
    progress: Callable[[float], None],
) -> VideoSummary:
    """Renders the annotated video of a finished analysis from its records: a second pass.

    No network runs, unless faces are to be hidden: then every frame is searched for them. An
    older annotated video goes first, as it may show what this one is not to.

    Args:
        video: the video.
        out: the output directory.
        row: what the analysis came to.
        engine: its detector finds the faces to hide.
        config: quality, whose faces are hidden, and where to decode.
        progress: called now and then with the part that is done, 0–1.

    Returns:
        The row with the annotated video's path, or "partial" with the reason why there is none.

    Raises:
        RecordsError: the records are missing or damaged.
    """
    target = out / _relative(video)
    if target.is_file():
        target.unlink()
    row = replace(row, frames_bridged=None)
    records = records_path(out, row.video_id, row.captured_at)
    hidden = None
    try:
        if config.render.blur != "none":
            hidden = _hidden(video, records, engine, config, lambda done: progress(done / 2))
            row = replace(row, frames_bridged=hidden.bridged)
        drawn = smoothed(
            ((None, overlay) for overlay in read_overlays(records)),
            config.smooth_s,
            _most_ahead((row.width or 0) * (row.height or 0)),
        )
        render(
            video.path,
            (overlay for _, overlay in drawn),
            target,
            config.render,
            (lambda done: progress(0.5 + done / 2)) if hidden else progress,
            config.decode.hwaccel,
            hidden,
        )
    except _NO_VIDEO as error:
        return _noted(row, video, config, error)
    return _noted(row, video, config, None)


def _hidden(
    video: VideoRef,
    records: Path,
    engine: Engine,
    config: ProcessConfig,
    progress: Callable[[float], None],
) -> Hidden:
    seen = search(video.path, engine.searcher, config, read_overlays(records), progress)
    if config.render.blur == "others" and not seen.kept.any():
        track, name = config.render.keep_track, printable(video.path)
        _log.warning("%s: nobody is track %s, so everybody is blurred", name, track)
    return bridge(seen)


def _most_ahead(pixels: int) -> int:
    """How many frames may wait for later ones; the same in one pass as in two."""
    return max(2, _SMOOTHED_BYTES // max(1, pixels * 3 // 2))


class Annotation:
    """The annotated video of an analysis that runs: made of the pictures it has decoded anyway.

    Args:
        video: the video.
        out: the output directory.
        config: quality and smoothing.
    """

    def __init__(self, video: VideoRef, out: Path, config: ProcessConfig) -> None:
        self._video = video
        self._out = out
        self._config = config
        self._pictures: deque[VideoFrame] = deque()
        self._put: Callable[[_Result], None]
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
        return _noted(row, self._video, self._config, self._error)

    def _make(self, results: Iterator[_Result]) -> None:
        first = next(results)
        ahead = _most_ahead(first[0].width * first[0].height)
        drawn = smoothed(chain([first], results), self._config.smooth_s, ahead)
        target = self._out / _relative(self._video)
        try:
            encode(self._video.path, starmap(Shown, drawn), target, self._config.render)
        except _NO_VIDEO as error:
            self._error = error


def _relative(video: VideoRef) -> Path:
    return Path("annotated") / video.relative


def _noted(
    row: VideoSummary, video: VideoRef, config: ProcessConfig, error: Exception | None
) -> VideoSummary:
    row = replace(row, shows=config.shown, annotated=None)
    damage = (row.error or "").partition(_NOT_ANNOTATED)[0].removesuffix("; ")
    if error is not None:
        reasons = [damage] if damage else []
        reasons.append(printable(f"{_NOT_ANNOTATED}{error}"))
        return replace(row, status="partial", error="; ".join(reasons))
    status = "partial" if damage else "ok"
    annotated = _relative(video).as_posix()
    return replace(row, status=status, error=damage or None, annotated=annotated)
