"""The main flow: a folder of videos in, Parquet records and annotated videos out."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from fer_core.batch import BatchSummary, open_work, plan, summarise, worker_count
from fer_core.config import ProcessConfig
from fer_core.errors import FerError
from fer_core.ledger import Decision, VideoSummary
from fer_core.paths import printable, to_path
from fer_core.pipeline import failed, process
from fer_core.types import VideoRef
from flows.worker import Stopped, current_session, engine_for, one_session

# Prefect's pool is unbounded by default. `workers` bounds the work; this only has to be larger.
# (Any: Prefect's own type of this parameter takes none of its task runners.)
_THREADS: Any = ThreadPoolTaskRunner(max_workers=64)


class NoneProcessed(FerError):
    """Not one video of INPUT could be processed; `summary` says why."""

    def __init__(self, summary: BatchSummary) -> None:
        super().__init__(f"none of {summary.videos} videos could be processed")
        self.summary = summary


@flow(
    name="process-videos",
    task_runner=_THREADS,
    persist_result=False,
    validate_parameters=True,
)
def process_videos(
    inputs: list[str],
    out: str,
    config: ProcessConfig = ProcessConfig(),
) -> State[BatchSummary]:
    """Analyses every video of INPUT that `out` does not hold already, one task a video.

    The run ends `Completed`, `Completed with failures`, `Failed` (not one video could be
    processed) or `Cancelled`. A faulty video never ends the others.

    Args:
        inputs: files, directories, globs, or `file://` URIs.
        out: directory that gets `records/`, `videos/` and `annotated/`.
        config: settings, or a dict of them.

    Returns:
        What became of all INPUT; with `return_state=True`, the state that holds it.

    Raises:
        InputError: INPUT names no video, or `out` cannot be written to.
        ModelError, ConfigError: the networks cannot be loaded.
        NoneProcessed: every video of INPUT failed.

    Example:
        >>> process_videos(["recordings/"], "out").ok  # doctest: +SKIP
        3
    """
    directory = to_path(out)
    decisions = plan(inputs, directory, config)
    work = open_work(decisions)
    get_run_logger().info("%d videos, %d of them to process", len(decisions), len(work))
    with one_session() as current:
        results = _process_all(work, directory, config, current.stop)
    return _final_state(summarise(directory, decisions, results), len(work))


@task(task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
def process_video(
    name: str, decision: Decision, out: Path, config: ProcessConfig
) -> State[VideoSummary | None]:
    """Does what the ledger decided for one video. Nothing is retried: no fault here heals.

    Args:
        name: what the task run is called.
        decision: the video, and what is to be done with it.
        out: the output directory.
        config: settings.
    """
    try:
        with current_session().watching(decision.video) as on_progress:
            row = process(decision, out, engine_for(config), config, on_progress)
    except Stopped:
        return Cancelled(message="stopped")
    except Exception as error:
        get_run_logger().exception("unexpected error in %s", name)
        # Without an engine the row has no settings hash, so the next run tries again.
        row = failed(decision.video, out, None, _explain(error))
    if row.status == "failed":
        return Failed(message=row.error, data=row)
    return Completed(message=row.error, data=row)


def _process_all(
    work: Sequence[Decision], out: Path, config: ProcessConfig, stop: threading.Event
) -> dict[str, VideoSummary]:
    """Rows of the processed videos by video_id. `workers` tasks run at a time.

    Tasks are submitted when there is room for them, so that a stop leaves no long queue.
    """
    if not work:
        return {}
    engine_for(config)  # a missing model or device ends the run here, not in every task
    room = threading.Semaphore(worker_count(config))
    futures: list[tuple[VideoRef, PrefectFuture[Any]]] = []
    for decision in work:
        room.acquire()
        if stop.is_set():
            break
        future = process_video.submit(printable(decision.video.relative), decision, out, config)
        future.add_done_callback(lambda _: room.release())
        futures.append((decision.video, future))
    rows = (_row(video, future) for video, future in futures)
    return {row.video_id: row for row in rows if row}


def _row(video: VideoRef, future: PrefectFuture[Any]) -> VideoSummary | None:
    """The row of a video; None if it was stopped."""
    result = future.result(raise_on_failure=False)
    if isinstance(result, VideoSummary):
        return result
    if future.state.is_cancelled():
        return None
    # Not even the failure could be recorded (a full disk, say), so it is only told.
    return VideoSummary(video.video_id, video.source, "failed", error=_explain(result))


def _explain(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _final_state(summary: BatchSummary, attempted: int) -> State[BatchSummary]:
    message = f"{summary.ok} ok, {summary.partial} partial, {summary.failed} failed"
    if summary.pending:
        return Cancelled(message=f"stopped: {message}, {summary.pending} pending", data=summary)
    if attempted and summary.failed == summary.videos:
        return Failed(message=message, data=NoneProcessed(summary))
    if summary.ok < summary.videos:
        return Completed(name="Completed with failures", message=message, data=summary)
    return Completed(message=message, data=summary)
