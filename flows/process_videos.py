"""The main flow: a folder of videos in, Parquet records and annotated videos out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from fer_core.batch import (
    BatchSummary,
    in_groups,
    open_work,
    plan,
    summarise,
)
from fer_core.config import ProcessConfig
from fer_core.errors import ConfigError, FerError
from fer_core.jobs import Job
from fer_core.ledger import Decision, VideoSummary
from fer_core.locks import RUN, alone
from fer_core.mirror import local_of
from fer_core.paths import make_writable, to_path
from fer_core.worker.work import WriteReport
from flows.artifacts import ProgressArtifact, show_summary, show_videos
from flows.crew import crew_for
from flows.video_tasks import TaskRunner, counts
from flows.worker import Session, one_session, worker

# Prefect's pool is unbounded by default. `workers` bounds the work; this only has to be larger.
# (Any: Prefect's own type of this parameter takes none of its task runners.)
_THREADS: Any = ThreadPoolTaskRunner(max_workers=64)


class TooManyFailed(FerError):
    """More videos failed than `max_failure_rate` allows, or all; `summary` says why."""

    def __init__(self, summary: BatchSummary, failed: int, attempted: int) -> None:
        super().__init__(f"{failed} of {attempted} videos could not be processed")
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
    """Analyses every video of INPUT that `out` does not hold already; small ones share a task,
    and long ones are done in chunks.

    The run ends `Completed`, `Completed with failures`, `Failed` (more than `max_failure_rate` of
    the videos it worked on failed, or all) or `Cancelled`. A faulty video never ends the others.

    Args:
        inputs: files, directories, globs, `file://` or `s3://` URIs.
        out: directory, or `s3://` prefix, that gets `records/`, `videos/` and `annotated/`; a
            directory gets `report/`, too.
        config: settings, or a dict of them.

    Returns:
        What became of all INPUT; with `return_state=True`, the state that holds it.

    Raises:
        InputError: INPUT names no video, or `out` cannot be written to.
        InUse: another run writes to `out`.
        ModelError, ConfigError: the networks cannot be loaded.
        ClusterError: the workers of `config.runner` cannot be reached or used.
        TooManyFailed: more videos failed than the settings allow, or all of INPUT.

    Example:
        >>> process_videos(["recordings/"], "out").ok  # doctest: +SKIP
        3
    """
    directory = to_path(out).absolute()
    make_writable(local_of(directory))
    with alone(local_of(directory), RUN), one_session() as current, _gpu_slot(config):
        decisions = plan(inputs, directory, config)
        work = open_work(decisions)
        get_run_logger().info("%d videos, %d of them to process", len(decisions), len(work))
        results = _process_all(work, directory, config, current)
        summary = summarise(directory, decisions, results)
        is_local = local_of(directory) is directory
        if work and not current.stop.is_set():
            show_videos(work, results)
        if work and is_local and not current.stop.is_set():
            show_summary(directory, summary, results.values())
        if work and config.report.enabled and is_local and not current.stop.is_set():
            _make_report(directory, config)
    return _final_state(summary, results, config.max_failure_rate, current)


def _process_all(
    work: Sequence[Decision], out: Path, config: ProcessConfig, current: Session
) -> dict[str, VideoSummary]:
    """Rows of the processed videos by video_id."""
    if not work:
        return {}
    with crew_for(config) as crew:
        # A missing model or device ends the run here, not in every task.
        crew.load(config)
        if crew.is_spread and local_of(out) is not out:
            # Until a video is done its chunks lie on the machine that made them.
            get_run_logger().info("results go to S3: no video is cut into chunks")
            config = config.model_copy(update={"chunk_s": math.inf})
        groups = (tuple(map(Job, group)) for group in in_groups(work, crew.size))
        tell = ProgressArtifact(len(work)).tell
        return TaskRunner(out, config, crew, current, tell).run(groups)


@contextmanager
def _gpu_slot(config: ProcessConfig) -> Iterator[None]:
    """Holds a slot of the concurrency limit that stands for a GPU, and waits for one."""
    if config.gpu_limit is None or config.device == "cpu":
        yield
        return
    with ExitStack() as held:
        try:
            held.enter_context(concurrency(config.gpu_limit, strict=True))
        except ConcurrencySlotAcquisitionError as error:
            raise ConfigError(
                f"no concurrency limit {config.gpu_limit!r}; make it with "
                f"`prefect gcl create {config.gpu_limit} --limit 1`"
            ) from error
        yield


def _make_report(out: Path, config: ProcessConfig) -> None:
    """The pages of the dataset; records are worth more, so a fault here ends nothing."""
    try:
        worker().run(WriteReport(out, config))
    except (FerError, OSError) as error:
        get_run_logger().warning("no report: %s", error)


def _final_state(
    summary: BatchSummary,
    results: Mapping[str, VideoSummary],
    max_failure_rate: float,
    current: Session,
) -> State[BatchSummary]:
    message = counts({"ok": summary.ok, "partial": summary.partial, "failed": summary.failed})
    if summary.pending:
        message += f", {summary.pending} pending"
        if current.stop.is_set() or not current.is_over:
            return Cancelled(message=f"stopped: {message}", data=summary)
        message += ", as the time was up"
    failed = sum(row.status == "failed" for row in results.values())
    is_all = bool(results) and summary.failed == summary.videos
    if is_all or failed > max_failure_rate * len(results):
        return Failed(message=message, data=TooManyFailed(summary, failed, len(results)))
    if summary.ok + summary.pending < summary.videos:
        return Completed(name="Completed with failures", message=message, data=summary)
    return Completed(message=message, data=summary)
