"""Whom the tasks of a run report to, and the process that does their work."""

import atexit
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fer_core.jobs import Job
from fer_core.ledger import Todo, VideoSummary
from fer_core.progress import Board
from fer_core.types import OnProgress, Progress, VideoRef, silent
from fer_core.worker.supervisor import Supervisor


class Stopped(Exception):
    """The run was asked to stop: raised within a video, whose files then do not appear."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the starter of a run shares with its tasks, as long as they are threads of it.

    Args:
        stop: set it, and every video ends at its next frame.
        board: where progress is shown, if anywhere.
        ends_at: nothing is begun from then on; what is in work goes on to its end.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    board: Board | None = None
    ends_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.ends_at is not None and datetime.now(UTC) >= self.ends_at

    @property
    def begins_nothing(self) -> bool:
        """Whether no further work may begin."""
        return self.stop.is_set() or self.is_over

    @contextmanager
    def watching(self, job: Job) -> Iterator[OnProgress]:
        """A callback for one job, which shows how far it is and can end it.

        Raises:
            Stopped: the run was asked to stop.
        """
        self._check()
        video = job.decision.video
        report = self.board.reporter(video, job.chunk) if self.board else silent

        def on_progress(progress: Progress) -> None:
            self._check()
            report(progress)

        try:
            self._check()
            yield on_progress
        finally:
            if self.board:
                self.board.left(video, job.chunk)

    def finished(self, video: VideoRef) -> None:
        """Counts a video that is done, whatever became of it."""
        if self.board:
            self.board.finished(video)

    def heard_of(self, job: Job, row: VideoSummary | None) -> None:
        """Shows a job that could not tell how far it was, once it is done.

        Args:
            job: of another process.
            row: that of its video, if it is done with this job.
        """
        if not self.board:
            return
        video, chunk = job.decision.video, job.chunk
        report = self.board.reporter(video, chunk)
        if chunk:
            length_s = chunk.end_s - chunk.start_s
            report(Progress("analyse", length_s, duration_s=length_s))
        elif row and job.decision.todo is Todo.ANALYSE:
            media_s = 0.0 if job.chunks else row.duration_s or 0.0  # chunks were counted
            report(Progress("analyse", media_s, row.frames_sampled, row.faces))
        self.board.left(video, chunk)
        if row:
            self.finished(video)

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped


session: ContextVar[Session] = ContextVar("session")
"""Prefect copies context variables into the threads of its tasks; other workers have none."""


def current_session() -> Session:
    """The session of whoever started this, or a new one; it ends with its task in a Dask worker."""
    return session.get(None) or Session(stop=_end_of_task())


def _end_of_task() -> threading.Event:
    """Is set when Dask has no use any more for what this thread does.

    That is when its run was stopped, and when the process of that is gone, even if it was killed.
    """
    if "distributed" not in sys.modules:
        return threading.Event()
    from distributed import get_worker

    try:
        worker = get_worker()
    except ValueError:  # no worker of Dask
        return threading.Event()
    return _Unwanted(worker.state.tasks[worker.get_current_task()])


class _Unwanted(threading.Event):
    """Is set when the task of Dask is cancelled, which its worker knows without asking anybody."""

    def __init__(self, task: Any) -> None:
        super().__init__()
        self._task = task

    def is_set(self) -> bool:
        return self._task.state == "cancelled"


@contextmanager
def one_session() -> Iterator[Session]:
    """A session that a flow's tasks share; an error in the flow stops them all.

    Else threads would finish their videos before Ctrl-C in Python code counts.
    """
    current = current_session()
    token = session.set(current)
    try:
        yield current
    except BaseException:
        current.stop.set()
        raise
    finally:
        session.reset(token)


def worker() -> Supervisor:
    """The process that works for all flow runs of this one; it ends with it."""
    with _making:  # threads of a Dask worker come at once
        return _worker()


_making = threading.Lock()


@cache
def _worker() -> Supervisor:
    supervisor = Supervisor()
    atexit.register(supervisor.close)
    return supervisor
