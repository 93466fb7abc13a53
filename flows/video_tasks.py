"""The tasks of a run: a few small videos, one long one, or one of its chunks each."""

import os
import queue
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from fer_core.atomic import remove_orphans
from fer_core.batch import group_name
from fer_core.config import ProcessConfig
from fer_core.engine import ModelIds
from fer_core.errors import WorkerCrashed
from fer_core.jobs import Cut, Job, Outcome
from fer_core.ledger import Decision, VideoSummary
from fer_core.mirror import local_of, publish
from fer_core.paths import printable, to_path
from fer_core.worker.work import DoJob
from flows.crew import Crew
from flows.worker import Session, Stopped, current_session, worker

# Those that the state of a task run names; all are in its log and in `videos/`.
_MOST_PROBLEMS = 5

_LOOK_EVERY_S = 0.5

Jobs = tuple[Job, ...]
"""What one worker does in turn: several small videos, or a single job."""


def _may_heal(_: object, __: object, state: State[Any]) -> bool:
    """Whether one of a task's videos failed for a reason outside it that may pass by itself."""
    rows = state.data if isinstance(state.data, list) else []
    return any(isinstance(row, VideoSummary) and _may_pass(row) for row in rows)


def _may_pass(row: VideoSummary) -> bool:
    if row.status != "failed":
        return False
    if row.size is None:  # the file was not there: a disk that is away
        return True
    path = to_path(row.source)
    # Permissions come by nobody waiting.
    return row.settings_hash is None and (not path.exists() or os.access(path, os.R_OK))


@task(
    task_run_name="{name}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_condition_fn=_may_heal,
)
def process_group(
    name: str, jobs: Jobs, out: Path, config: ProcessConfig
) -> State[list[VideoSummary | Cut]]:
    """Does a few jobs, one after the other, and returns what became of their videos.

    A faulty video does not keep the others of its group from being processed. Where all failed, one
    of them for a reason that may heal, the task is tried again as `config.retries` has it. Of a
    chunk, nothing is returned.

    Args:
        name: what the task run is called.
        jobs: what is to be done.
        out: the output directory.
        config: settings.
    """
    done: list[VideoSummary | Cut] = []
    for number, job in enumerate(jobs):
        if number and current_session().is_over:
            break
        try:
            outcome = _process_video(job, out, config)
        except Stopped:
            return Cancelled(message=f"stopped after {len(done)} of {len(jobs)}", data=done)
        if outcome is not None:
            done.append(outcome)
    return _group_state(done)


def _process_video(job: Job, out: Path, config: ProcessConfig) -> Outcome:
    """What became of a job; a row that says "failed", whatever went wrong."""
    video, log, session = job.decision.video, get_run_logger(), current_session()
    try:
        with session.watching(job) as on_progress:
            outcome = worker().run(DoJob(job, out, config), on_progress)
    except Stopped:
        raise
    except WorkerCrashed as error:
        # What was killed from outside may go well next time; a broken file stays broken.
        ids = None if error.exit_code == -signal.SIGKILL else ModelIds.of(config)
        outcome = _recorded_failure(job.decision, out, ids, str(error))
        remove_orphans(local_of(out))
    except Exception as error:
        log.exception("unexpected error in %s", printable(video.relative))
        outcome = _recorded_failure(job.decision, out, None, _explain(error))
    if isinstance(outcome, VideoSummary):
        session.finished(video)
        if outcome.error:
            log.warning("%s", _problem(outcome))
    return outcome


def _recorded_failure(
    decision: Decision, out: Path, ids: ModelIds | None, reason: str
) -> VideoSummary:
    from fer_core.pipeline import failed  # loads decoders, which this process has no use for

    video = decision.video
    try:
        row = failed(video, local_of(out), ids, reason)
        publish(out, decision.row, row)
        return row
    except OSError as error:  # a full disk, say: then it is only told
        return VideoSummary(video.video_id, video.source, "failed", error=_explain(error))


def _group_state(done: list[VideoSummary | Cut]) -> State[list[VideoSummary | Cut]]:
    """Failed if all of its videos are; what happened to which is said in words."""
    rows = [row for row in done if isinstance(row, VideoSummary)]
    problems = [_problem(row) for row in rows if row.error]
    told = [counts(Counter(row.status for row in rows)), *problems[:_MOST_PROBLEMS]]
    message = "; ".join(told)
    if len(done) <= 1:
        message = next((_told_of(outcome) for outcome in done), "one chunk is done")
    if rows and all(row.status == "failed" for row in rows):
        return Failed(message=message, data=done)
    name = "Completed with failures" if problems and len(rows) > 1 else None
    return Completed(name=name, message=message, data=done)


def _told_of(outcome: VideoSummary | Cut) -> str | None:
    if isinstance(outcome, VideoSummary):
        return outcome.error
    return f"{len(outcome.first)} of {len(outcome.then.chunks)} chunks are to be done"


def _problem(row: VideoSummary) -> str:
    reason = (row.error or "").removeprefix(f"{printable(row.source)}: ")
    return f"{row.status}: {printable(row.source)}: {reason}"


def counts(status: Mapping[str, int]) -> str:
    """How many videos have which status, in words."""
    return ", ".join(f"{status[name]} {name}" for name in ("ok", "partial", "failed"))


def _explain(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(slots=True)
class _Open:
    """A video in chunks: how many of them are still to be done, and what follows then."""

    missing: int
    then: Job


class TaskRunner:
    """Submits jobs as tasks, so many at a time, and the jobs that these ask for.

    Tasks are submitted when there is room for them, so that a stop leaves no long queue.

    Args:
        out: the output directory.
        config: settings.
        crew: does them.
        session: no task begins once it is over or stopped.
        tell: is told how many videos are done, after each task.
    """

    def __init__(
        self,
        out: Path,
        config: ProcessConfig,
        crew: Crew,
        session: Session,
        tell: Callable[[int], None],
    ) -> None:
        self._out, self._config, self._crew = out, config, crew
        self._session, self._tell = session, tell
        self._task = process_group.with_options(
            retries=config.retries, retry_delay_seconds=config.retry_wait_s
        )
        self._waiting: deque[Jobs] = deque()
        self._ended: queue.SimpleQueue[tuple[Jobs, PrefectFuture[Any]]] = queue.SimpleQueue()
        self._open: dict[str, _Open] = {}
        self._rows: dict[str, VideoSummary] = {}

    def run(self, groups: Iterable[Jobs]) -> dict[str, VideoSummary]:
        """Rows of the processed videos by video_id, without those that were stopped."""
        self._waiting.extend(groups)
        running = 0
        while True:
            while self._waiting and running < self._crew.size and not self._session.begins_nothing:
                self._submit(self._waiting.popleft())
                running += 1
            if not running:
                return self._rows
            try:
                jobs, future = self._ended.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:  # there may be room for more, or a stop
                if self._session.stop.is_set():
                    self._crew.dismiss()
                continue
            self._take(jobs, future)
            self._tell(len(self._rows))
            running -= 1

    def _submit(self, jobs: Jobs) -> None:
        future = self._crew.submit(
            self._task, name=_name(jobs), jobs=jobs, out=self._out, config=self._config
        )
        future.add_done_callback(lambda done: self._ended.put((jobs, done)))

    def _take(self, jobs: Jobs, future: PrefectFuture[Any]) -> None:
        """Notes what became of a task, and puts what follows ahead of all that waits."""
        outcomes = _outcomes(jobs, future, self._session.stop.is_set())
        if self._crew.is_elsewhere:
            rows = {one.video_id: one for one in outcomes if isinstance(one, VideoSummary)}
            for job in jobs:
                self._session.heard_of(job, rows.get(job.decision.video.video_id))
        for outcome in outcomes:
            if isinstance(outcome, Cut):
                video_id = outcome.then.decision.video.video_id
                self._open[video_id] = _Open(len(outcome.first), outcome.then)
                self._waiting.extendleft((job,) for job in reversed(outcome.first))
                self._finish_if_ready(video_id)
            else:
                self._rows[outcome.video_id] = outcome
                self._drop(outcome.video_id)
        for job in jobs:
            if job.chunk is not None and (opened := self._open.get(job.decision.video.video_id)):
                opened.missing -= 1
                self._finish_if_ready(job.decision.video.video_id)

    def _finish_if_ready(self, video_id: str) -> None:
        if not self._open[video_id].missing:
            self._waiting.appendleft((self._open.pop(video_id).then,))

    def _drop(self, video_id: str) -> None:
        """Forgets the chunks of a video that is done, or has failed in one of them."""
        if self._open.pop(video_id, None):
            rest = [j for j in self._waiting if j[0].decision.video.video_id != video_id]
            self._waiting = deque(rest)


def _name(jobs: Jobs) -> str:
    """What a task run is called where people look."""
    name = group_name(tuple(job.decision for job in jobs))
    if jobs[0].chunk is not None:
        return f"{name} (chunk {jobs[0].chunk.index + 1} of {jobs[0].chunk.count})"
    return f"{name} (all chunks)" if jobs[0].chunks else name


def _outcomes(
    jobs: Jobs, future: PrefectFuture[Any], is_stopped: bool
) -> Sequence[VideoSummary | Cut]:
    """What became of a task's videos, without those that were stopped."""
    try:
        result = future.result(raise_on_failure=False)
    except Exception as error:  # it is no state: several workers died at it, or it was dismissed
        if is_stopped:
            return []
        result = error
    if isinstance(result, list):
        return result
    if future.state.is_cancelled():
        return []
    # The task itself broke, in Prefect or on its way to a worker.
    videos = (job.decision.video for job in jobs)
    error = _explain(result)
    return [VideoSummary(v.video_id, v.source, "failed", error=error) for v in videos]
