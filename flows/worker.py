"""Whom the tasks of a run report to, and the process that does their work."""

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from fer_core.jobs import Job
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

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped


session: ContextVar[Session] = ContextVar("session")
"""Prefect copies context variables into the threads of its tasks; other workers have none."""


def current_session() -> Session:
    """The session of whoever started this, or a new one."""
    return session.get(None) or Session()


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


@cache
def worker() -> Supervisor:
    """The process that works for all flow runs of this one; it ends with it."""
    supervisor = Supervisor()
    atexit.register(supervisor.close)
    return supervisor
