"""One video from end to end: decode → detect → classify → track → records → annotated video.

The order of writing makes a run safe to kill at any moment: the old row of the ledger goes
first, records and annotated video appear whole, the new row comes last.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fer_core import ledger
from fer_core.annotate import Annotation, annotate
from fer_core.atomic import atomic_file
from fer_core.capture_time import NamedCapture, capture_from_name
from fer_core.chunks import Made, Workspace, remove_work, stats_of
from fer_core.config import ProcessConfig
from fer_core.engine import Engine, ModelIds
from fer_core.errors import Inaccessible, RecordsError, VideoError
from fer_core.ledger import Decision, Todo, VideoSummary
from fer_core.paths import printable
from fer_core.results import results_of
from fer_core.schema import RECORDS, with_metadata
from fer_core.sinks.parquet import RecordWriter, records_path
from fer_core.sources.video import VideoSource
from fer_core.tracking import Tracker
from fer_core.types import FrameFaces, OnProgress, Progress, VideoRef, silent
from fer_core.used_settings import keep_settings


def analyse(
    video: str | Path | VideoRef,
    out: str | Path,
    engine: Engine | None = None,
    config: ProcessConfig | None = None,
    on_progress: OnProgress = silent,
) -> VideoSummary:
    """Analyses one video and replaces all that `out` held of it.

    Args:
        video: the file.
        out: directory that gets `records/`, `videos/`, `settings/` and `annotated/`.
        engine: the networks; loaded for this call if None. Load one for many videos.
        config: settings; the defaults if None. They must be those the engine was loaded with.
        on_progress: called after every frame that was looked at or drawn on.

    Returns:
        The video's row in `videos/`. A video that cannot be read is a row with status
        "failed" and the reason, not an exception.

    Raises:
        ModelError, ConfigError: the networks cannot be loaded.
        OSError: `out` cannot be written to.

    Example:
        >>> summary = analyse("lecture.mp4", "out")  # doctest: +SKIP
        >>> summary.status, summary.faces  # doctest: +SKIP
        ('ok', 72)
    """
    config = config or ProcessConfig()
    if engine is None:
        with Engine.load(config) as loaded:
            return analyse(video, out, loaded, config, on_progress)
    ref = video if isinstance(video, VideoRef) else VideoRef.of(video)
    if not isinstance(video, VideoRef):
        ref = ledger.decide([ref], Path(out), engine.settings_hash, render=False)[0].video
    return _Analysis(ref, Path(out), engine, config, on_progress).run()


def process(
    decision: Decision,
    out: Path,
    engine: Engine,
    config: ProcessConfig,
    on_progress: OnProgress = silent,
) -> VideoSummary:
    """Does what the ledger decided for one video, and returns its row.

    Raises:
        as `analyse`.
    """
    if decision.todo is Todo.ANALYSE or decision.row is None:
        return analyse(decision.video, out, engine, config, on_progress)
    if decision.todo is Todo.NOTHING:
        return decision.row
    try:
        row = _annotate(decision.video, out, decision.row, engine, config, on_progress)
    except RecordsError:  # they are damaged: make them anew
        return analyse(decision.video, out, engine, config, on_progress)
    ledger.write_row(out, row)
    return row


def finish(
    video: VideoRef,
    out: Path,
    engine: Engine,
    config: ProcessConfig,
    made: Sequence[Made],
    on_progress: OnProgress = silent,
) -> VideoSummary:
    """As `analyse`, of a video all of whose chunks are done: nothing but tracks is left to find.

    Args:
        made: what is kept of the chunks, in order.

    Raises:
        Uncuttable: that cannot be read any more.
        OSError: `out` cannot be written to.
    """
    return _Analysis(video, out, engine, config, on_progress, tuple(made)).run()


def failed(video: VideoRef, out: Path, ids: ModelIds | None, error: str) -> VideoSummary:
    """Writes the row of a video that could not be analysed for another reason than a `VideoError`.

    Args:
        video: the video.
        out: the output directory.
        ids: the models and settings that fail with it; with None the next run tries again.
        error: why, in words.
    """
    _remove_records(out, video.video_id)
    row = replace(new_row(video, ids), error=printable(error), finished_at=_now())
    ledger.write_row(out, row)
    return row


def new_row(video: VideoRef, ids: ModelIds | None) -> VideoSummary:
    """The row of a video before anything is known of it but its file: so far, "failed"."""
    size, mtime = ledger.fingerprint(video.path)
    return VideoSummary(
        video_id=video.video_id,
        source=video.source,
        camera=video.camera,
        status="failed",
        model=ids.classifier if ids else None,
        settings_hash=ids.settings_hash if ids else None,
        size=size,
        mtime=mtime,
        started_at=_now(),
        version=ledger.package_version(),
    )


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Analysis:
    """The steps of `analyse` for one video; where there are chunks, their results are taken."""

    video: VideoRef
    out: Path
    engine: Engine
    config: ProcessConfig
    on_progress: OnProgress
    made: tuple[Made, ...] = ()

    @property
    def _annotates_along(self) -> bool:
        return self.config.annotates_along and not self.made

    def run(self) -> VideoSummary:
        began = time.perf_counter()
        row = new_row(self.video, self.engine.ids)
        self._remove_former(row.video_id)
        try:
            row = self._analyse(row)
        except Inaccessible as error:  # without a hash of settings the next run tries again
            row = replace(row, error=printable(str(error)), settings_hash=None)
        except VideoError as error:
            row = replace(row, error=printable(str(error)))
        if row.status == "failed":
            _remove_records(self.out, row.video_id)
        elif self.config.render.enabled and not self._annotates_along:
            row = _annotate(self.video, self.out, row, self.engine, self.config, self.on_progress)
        if row.status != "failed":
            keep_settings(self.out, self.engine.settings_hash, self.config)
        wall_s = time.perf_counter() - began + sum(one.wall_s for one in self.made)
        row = replace(row, wall_s=wall_s, finished_at=_now())
        ledger.write_row(self.out, row)
        remove_work(self.out, row.video_id)
        return row

    def _analyse(self, row: VideoSummary) -> VideoSummary:
        """The records; and in the same decode the annotated video, if it shows the same frames."""
        if not self._annotates_along:
            return self._write_records(row)
        annotation = Annotation(self.video, self.out, self.config)
        with annotation.making():
            row = self._write_records(row, annotation)
        return annotation.noted_in(row)

    def _write_records(
        self, row: VideoSummary, annotation: Annotation | None = None
    ) -> VideoSummary:
        named = capture_from_name(self.video.path, self.config.archive)
        with VideoSource(
            self.video.path,
            self.config.sample,
            self.config.detect.long_side,
            named.captured_at,
            self.config.decode.hwaccel,
        ) as source:
            row = _with_info(row, source, named)
            path = records_path(self.out, row.video_id, row.captured_at)
            _remove_records(self.out, row.video_id, keep=path)
            with atomic_file(path) as temporary:
                row = self._write_frames(temporary, source, row, annotation)
        return row

    def _write_frames(
        self, path: Path, source: VideoSource, row: VideoSummary, annotation: Annotation | None
    ) -> VideoSummary:
        video = replace(self.video, camera=row.camera)
        schema = with_metadata(
            RECORDS, model=row.model or "", settings_hash=row.settings_hash or ""
        )
        writer = RecordWriter(path, video, row.captured_at, source.info.start_time_s, schema)
        tracker = Tracker(self.config.track)
        phase = "track" if self.made else "analyse"
        frames = faces = tracks = 0
        try:
            with self._results(source, row, annotation) as results:
                for frame in results:
                    track_ids = tracker.update(frame.faces, frame.time_s)
                    writer.write(frame, track_ids)
                    if annotation:
                        annotation.show(frame, track_ids)
                    frames += 1
                    faces += len(frame.faces)
                    tracks = max(tracks, int(track_ids.max(initial=-1)) + 1)
                    seconds = frame.time_s - source.info.start_time_s
                    told = Progress(phase, seconds, frames, faces, row.duration_s)
                    self.on_progress(told)
        finally:
            writer.close()
        stats = stats_of(self.made) if self.made else source.stats
        return replace(
            row,
            status="partial" if stats.damage else "ok",
            error=stats.damage,
            frames_decoded=stats.frames_decoded,
            frames_sampled=stats.frames_sampled,
            frames_corrupt=stats.frames_corrupt,
            faces=faces,
            tracks=tracks,
        )

    def _results(
        self, source: VideoSource, row: VideoSummary, annotation: Annotation | None
    ) -> AbstractContextManager[Iterable[FrameFaces]]:
        if self.made:
            return nullcontext(Workspace(self.out, row).frames(self.made))
        return results_of(source, self.engine, self.config, annotation)

    def _remove_former(self, video_id: str) -> None:
        """The row of an earlier analysis, and the annotated video that shows its results."""
        former = ledger.read_row(self.out, video_id)
        ledger.row_path(self.out, video_id).unlink(missing_ok=True)
        if former and former.annotated:
            (self.out / former.annotated).unlink(missing_ok=True)


def _remove_records(out: Path, video_id: str, keep: Path | None = None) -> None:
    """Records of an earlier analysis, or those that lie under another day than the new ones."""
    for stale in out.glob(f"records/date=*/{video_id}.parquet"):
        if stale != keep:
            stale.unlink(missing_ok=True)


def _with_info(row: VideoSummary, source: VideoSource, named: NamedCapture) -> VideoSummary:
    info = source.info
    return replace(
        row,
        camera=row.camera or named.camera,
        start_time_s=info.start_time_s,
        duration_s=info.duration_s,
        fps=info.fps,
        width=info.width,
        height=info.height,
        codec=info.codec,
        captured_at=info.captured_at,
    )


def _annotate(
    video: VideoRef,
    out: Path,
    row: VideoSummary,
    engine: Engine,
    config: ProcessConfig,
    on_progress: OnProgress,
) -> VideoSummary:
    def tell(done: float) -> None:
        on_progress(Progress("render", done * (row.duration_s or 0.0), duration_s=row.duration_s))

    return annotate(video, out, row, engine, config, tell)
