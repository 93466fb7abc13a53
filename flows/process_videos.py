"""The main flow: a folder of videos in, Parquet records and annotated videos out."""

import signal
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from fer_core.atomic import remove_orphans
from fer_core.batch import (
    BatchSummary,
    Group,
    group_name,
    in_groups,
    make_writable,
    open_work,
    plan,
    summarise,
    worker_count,
)
from fer_core.config import ProcessConfig
from fer_core.engine import ModelIds
from fer_core.errors import FerError, WorkerCrashed
from fer_core.jobs import Job
from fer_core.ledger import Decision, VideoSummary
from fer_core.locks import RUN, alone
from fer_core.paths import printable, to_path
from fer_core.types import VideoRef
from fer_core.worker.work import DoJob, LoadNetworks, WriteReport
from flows.worker import Stopped, current_session, one_session, worker

# Prefect's pool is unbounded by default. `workers` bounds the work; this only has to be larger.
# (Any: Prefect's own type of this parameter takes none of its task runners.)
_THREADS: Any = ThreadPoolTaskRunner(max_workers=64)

# Those that the state of a task run names; all are in its log and in `videos/`.
_MOST_PROBLEMS = 5


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
    """Analyses every video of INPUT that `out` does not hold already; small ones share a task.

    The run ends `Completed`, `Completed with failures`, `Failed` (not one video could be
    processed) or `Cancelled`. A faulty video never ends the others.

    Args:
        inputs: files, directories, globs, or `file://` URIs.
        out: directory that gets `records/`, `videos/`, `annotated/` and `report/`.
        config: settings, or a dict of them.

    Returns:
        What became of all INPUT; with `return_state=True`, the state that holds it.

    Raises:
        InputError: INPUT names no video, or `out` cannot be written to.
        InUse: another run writes to `out`.
        ModelError, ConfigError: the networks cannot be loaded.
        NoneProcessed: every video of INPUT failed.

    Example:
        >>> process_videos(["recordings/"], "out").ok  # doctest: +SKIP
        3
    """
    directory = to_path(out).absolute()
    make_writable(directory)
    with alone(directory, RUN), one_session() as current:
        decisions = plan(inputs, directory, config)
        work = open_work(decisions)
        get_run_logger().info("%d videos, %d of them to process", len(decisions), len(work))
        results = _process_all(work, directory, config, current.stop)
        if work and config.report.enabled and not current.stop.is_set():
            _make_report(directory, config)
    return _final_state(summarise(directory, decisions, results), len(work))


@task(task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
def process_group(
    name: str, group: Group, out: Path, config: ProcessConfig
) -> State[list[VideoSummary]]:
    """Does what the ledger decided for a few videos, one after the other.

    Nothing is retried: no fault here heals. A faulty video does not keep the others of its group
    from being processed.

    Args:
        name: what the task run is called.
        group: videos, with what is to be done with each.
        out: the output directory.
        config: settings.
    """
    rows: list[VideoSummary] = []
    for decision in group:
        try:
            rows.append(_process_video(decision, out, config))
        except Stopped:
            return Cancelled(message=f"stopped after {len(rows)} of {len(group)}", data=rows)
    return _group_state(rows)


def _process_video(decision: Decision, out: Path, config: ProcessConfig) -> VideoSummary:
    """The row of a video; one that says "failed", whatever went wrong."""
    video, log = decision.video, get_run_logger()
    try:
        with current_session().watching(video) as on_progress:
            row = worker().run(DoJob(Job(decision), out, config), on_progress)
            assert isinstance(row, VideoSummary)
    except Stopped:
        raise
    except WorkerCrashed as error:
        # What was killed from outside may go well next time; a broken file stays broken.
        ids = None if error.exit_code == -signal.SIGKILL else ModelIds.of(config)
        row = _recorded_failure(video, out, ids, str(error))
        remove_orphans(out)
    except Exception as error:
        log.exception("unexpected error in %s", printable(video.relative))
        row = _recorded_failure(video, out, None, _explain(error))
    if row.error:
        log.warning("%s", _problem(row))
    return row


def _recorded_failure(
    video: VideoRef, out: Path, ids: ModelIds | None, reason: str
) -> VideoSummary:
    from fer_core.pipeline import failed  # loads decoders, which this process has no use for

    try:
        return failed(video, out, ids, reason)
    except OSError as error:  # a full disk, say: then it is only told
        return VideoSummary(video.video_id, video.source, "failed", error=_explain(error))


def _group_state(rows: Sequence[VideoSummary]) -> State[list[VideoSummary]]:
    """Failed if all of its videos are; what happened to which is said in words."""
    problems = [_problem(row) for row in rows if row.error]
    told = [_counts(Counter(row.status for row in rows)), *problems[:_MOST_PROBLEMS]]
    message = rows[0].error if len(rows) == 1 else "; ".join(told)
    if all(row.status == "failed" for row in rows):
        return Failed(message=message, data=rows)
    name = "Completed with failures" if problems and len(rows) > 1 else None
    return Completed(name=name, message=message, data=rows)


def _problem(row: VideoSummary) -> str:
    reason = (row.error or "").removeprefix(f"{printable(row.source)}: ")
    return f"{row.status}: {printable(row.source)}: {reason}"


def _counts(status: Mapping[str, int]) -> str:
    return ", ".join(f"{status[name]} {name}" for name in ("ok", "partial", "failed"))


def _process_all(
    work: Sequence[Decision], out: Path, config: ProcessConfig, stop: threading.Event
) -> dict[str, VideoSummary]:
    """Rows of the processed videos by video_id. `workers` tasks run at a time.

    Tasks are submitted when there is room for them, so that a stop leaves no long queue.
    """
    if not work:
        return {}
    # A missing model or device ends the run here, not in every task.
    worker().run(LoadNetworks(config))
    workers = worker_count(config)
    room = threading.Semaphore(workers)
    futures: list[tuple[Group, PrefectFuture[Any]]] = []
    for group in in_groups(work, workers):
        room.acquire()
        if stop.is_set():
            break
        future = process_group.submit(group_name(group), group, out, config)
        future.add_done_callback(lambda _: room.release())
        futures.append((group, future))
    return {row.video_id: row for group, future in futures for row in _rows(group, future)}


def _rows(group: Group, future: PrefectFuture[Any]) -> list[VideoSummary]:
    """The rows of a group's videos, without those that were stopped."""
    result = future.result(raise_on_failure=False)
    if isinstance(result, list):
        return result
    if future.state.is_cancelled():
        return []
    # The task itself broke, in Prefect or on its way to a worker.
    videos = (decision.video for decision in group)
    error = _explain(result)
    return [VideoSummary(v.video_id, v.source, "failed", error=error) for v in videos]


def _explain(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _make_report(out: Path, config: ProcessConfig) -> None:
    """The pages of the dataset; records are worth more, so a fault here ends nothing."""
    try:
        worker().run(WriteReport(out, config))
    except (FerError, OSError) as error:
        get_run_logger().warning("no report: %s", error)


def _final_state(summary: BatchSummary, attempted: int) -> State[BatchSummary]:
    message = _counts({"ok": summary.ok, "partial": summary.partial, "failed": summary.failed})
    if summary.pending:
        return Cancelled(message=f"stopped: {message}, {summary.pending} pending", data=summary)
    if attempted and summary.failed == summary.videos:
        return Failed(message=message, data=NoneProcessed(summary))
    if summary.ok < summary.videos:
        return Completed(name="Completed with failures", message=message, data=summary)
    return Completed(message=message, data=summary)
