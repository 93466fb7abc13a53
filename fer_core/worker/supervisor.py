"""The side that orders work: starts the worker process, and again when it crashes.

A segmentation fault in a decoder ends the process it happens in. So that it does not end a run,
jobs run in a child, and those that were in flight when it died run again, each of them alone:
a second crash then shows whose fault it is, and only that job fails.
"""

import itertools
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from fer_core.errors import WorkerCrashed
from fer_core.types import OnProgress, Progress, silent
from fer_core.worker.messages import Cancel, Logged, Raised, Reported, Returned, Run, Work

T = TypeVar("T")

_MOST_CRASHES = 2
_END_S = 10.0

# They concern the parent, which tells the child by closing the pipe: Ctrl-C reaches both.
_PARENTS_SIGNALS = {signal.SIGINT, signal.SIGTERM}


@dataclass(eq=False, slots=True)
class _Task:
    """A job that was ordered and has not ended.

    Args:
        number: of the job.
        job: itself, pickled.
        on_progress: whom to tell.
        result: what the one who ordered it waits for.
        is_running: whether the child has it.
        crashes: how often the child died while it had it.
        ended_by: what `on_progress` raised, if it did.
    """

    number: int
    job: bytes
    on_progress: OnProgress
    result: "Future[Any]" = field(default_factory=Future)
    is_running: bool = False
    crashes: int = 0
    ended_by: BaseException | None = None


class Supervisor:
    """One worker process that does jobs for any number of threads.

    It is started by the first job. Its own log lines of `fer_core` go to this process's log.

    Example:
        >>> worker = Supervisor()  # doctest: +SKIP
        >>> worker.run(LoadNetworks(config))  # doctest: +SKIP
        >>> row = worker.run(AnalyseVideo(decision, out, config), print)  # doctest: +SKIP
        >>> worker.close()  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._tasks: dict[int, _Task] = {}
        self._child: _Child | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Of the worker process, if one runs."""
        with self._lock:
            return self._child.process.pid if self._child else None

    def run(self, work: Work[T], on_progress: OnProgress = silent) -> T:
        """Does a job in the worker process and returns what it returns.

        Args:
            work: what to do.
            on_progress: is told how far it is, at most some twenty times a second, in another
                thread. What it raises ends the job and is raised here.

        Raises:
            WorkerCrashed: the process died twice while it was at this job.
            Exception: whatever the job raised; its traceback is in the notes.
        """
        return self.submit(work, on_progress).result()

    def submit(self, work: Work[T], on_progress: OnProgress = silent) -> "Future[T]":
        """As `run`, without waiting."""
        task = _Task(next(self._numbers), pickle.dumps(work), on_progress)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("this supervisor is closed")
            self._tasks[task.number] = task
            self._dispatch()
        return task.result

    def close(self) -> None:
        """Ends the process, and jobs that are in flight with it; may be called again."""
        with self._lock:
            self._is_closed = True
            child = self._child
        if child:
            child.process.kill()
            child.listener.join()

    def _dispatch(self) -> None:
        """Sends what may run now: all jobs, or one alone while it is suspected of a crash."""
        tasks = list(self._tasks.values())
        suspects = [task for task in tasks if task.crashes]
        if suspects and any(task.is_running for task in tasks):
            return
        for task in suspects[:1] or tasks:
            if not task.is_running:
                task.is_running = True
                self._send(Run(task.number, task.job))

    def _send(self, message: Run | Cancel) -> None:
        if self._child is None:
            self._child = _Child.start(self._listen)
        try:
            self._child.connection.send(message)
        except OSError:  # it has just died, which the listener sees, too
            return

    def _listen(self, child: "_Child") -> None:
        """Takes what a worker process sends until it ends, and sees to what it leaves."""
        with child.connection:
            while True:
                try:
                    message = child.connection.recv()
                except (EOFError, OSError):
                    break
                self._take(message)
        self._bury(child.end())

    def _take(self, message: Any) -> None:
        if isinstance(message, Logged):
            logging.getLogger(message.record.name).handle(message.record)
            return
        task = self._tasks[message.number]
        if isinstance(message, Reported):
            self._report(task, message.progress)
            return
        with self._lock:
            del self._tasks[task.number]
            self._dispatch()
        if isinstance(message, Returned):
            task.result.set_result(message.value)
        elif isinstance(message, Raised):
            task.result.set_exception(task.ended_by or message.error)

    def _report(self, task: _Task, progress: Progress) -> None:
        if task.ended_by:
            return
        try:
            task.on_progress(progress)
        except BaseException as error:
            task.ended_by = error
            with self._lock:
                self._send(Cancel(task.number))

    def _bury(self, exit_code: int) -> None:
        """Has the jobs that a dead process was at run again; those that must not, fail."""
        failed: list[tuple[_Task, BaseException]] = []
        with self._lock:
            self._child = None
            for task in [task for task in self._tasks.values() if task.is_running]:
                task.is_running = False
                task.crashes += 1
                if task.ended_by:
                    failed.append((task, task.ended_by))
                elif self._is_closed:
                    failed.append((task, CancelledError()))
                elif task.crashes >= _MOST_CRASHES:
                    failed.append((task, WorkerCrashed(exit_code)))
            for task, _ in failed:
                del self._tasks[task.number]
            self._dispatch()
        for task, error in failed:
            task.result.set_exception(error)


@dataclass(eq=False, slots=True)
class _Child:
    """A worker process, the connection to it, and the thread that listens to it."""

    process: "subprocess.Popen[bytes]"
    connection: "Connection[Any, Any]"
    listener: threading.Thread

    @classmethod
    def start(cls, listen: Any) -> "_Child":
        ours, theirs = Pipe()
        with theirs:
            process = _start_process(theirs.fileno())
        child = cls(process, ours, threading.Thread(name="worker-listener", daemon=True))
        child.listener = threading.Thread(
            target=listen, args=(child,), name="worker-listener", daemon=True
        )
        child.listener.start()
        return child

    def end(self) -> int:
        """Its exit code, once it has ended; negative is the number of a signal."""
        try:
            return self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _start_process(descriptor: int) -> "subprocess.Popen[bytes]":
    """A fresh interpreter: it shares nothing with this process but one end of a pipe."""
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    # A blocked signal is inherited.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENTS_SIGNALS)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "fer_core.worker.child", str(descriptor)],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=2,  # this process's stdout is for results alone
            env={**os.environ, "PYTHONPATH": paths},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
