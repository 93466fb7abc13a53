"""What one worker process holds: the networks, loaded once, and whom it reports to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fer_core.config import ProcessConfig
from fer_core.engine import Engine, ModelIds
from fer_core.pipeline import OnProgress, Progress
from fer_core.progress import Board
from fer_core.tracking import Tracker
from fer_core.types import VideoRef


class Stopped(Exception):
    """The run was asked to stop: raised within a video, whose files then do not appear."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the starter of a run shares with its tasks, as long as they are threads of it.

    Args:
        stop: set it, and every video ends at its next frame.
        board: where progress is shown, if anywhere.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    board: Board | None = None

    @contextmanager
    def watching(self, video: VideoRef) -> Iterator[OnProgress]:
        """A callback for the analysis of one video, which counts it and can end it.

        Raises:
            Stopped: the run was asked to stop.
        """
        if self.stop.is_set():
            raise Stopped
        report = self.board.reporter(video) if self.board else None

        def on_progress(progress: Progress) -> None:
            if self.stop.is_set():
                raise Stopped
            if report:
                report(progress)

        try:
            yield on_progress
        finally:
            if self.board:
                self.board.finished(video)


_OF_NETWORKS = ("detect", "classify", "device", "batch_wait_s")
"""Settings on which the networks themselves depend."""

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


_engines: dict[ProcessConfig, Engine] = {}
_engines_lock = threading.Lock()


def engine_for(config: ProcessConfig) -> Engine:
    """This process's networks for these settings, loaded at the first call.

    Raises:
        ModelError: a model is missing or damaged.
        ConfigError: the device does not exist.
    """
    with _engines_lock:
        if config not in _engines:
            _engines[config] = _new_engine(config)
        return _engines[config]


def _new_engine(config: ProcessConfig) -> Engine:
    """Networks that are loaded already serve all settings that ask for the same ones.

    What the engine writes into the records is of these settings, whoever had the networks loaded.
    """
    ids = ModelIds.of(config)
    for known, engine in _engines.items():
        same = all(getattr(known, name) == getattr(config, name) for name in _OF_NETWORKS)
        if same and engine.ids.classifier == ids.classifier:
            return Engine(engine.detector, engine.classifier, ids)
    Tracker(config.track)  # imports what the first video would, while Prefect's server starts
    return Engine.load(config)
