"""The worker process: runs the jobs it is sent, several at once, until its parent is gone.

Nothing but its end of a pipe ties it to the parent: when that closes, however the parent ended,
it leaves at once. What it was writing then has no name yet (see `fer_core.atomic`).
"""

import logging
import os
import pickle
import sys
import threading
import time
import traceback
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from fer_core.types import Progress
from fer_core.worker.messages import Cancel, Cancelled, Logged, Raised, Reported, Returned, Run

_REPORT_EVERY_S = 0.05
"""A progress bar needs no more, and a video may have a thousand frames a second."""


class Child:
    """Runs jobs in threads and sends what becomes of them.

    Args:
        connection: to the parent.
    """

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._cancelled: set[int] = set()

    def serve(self) -> None:
        """Takes jobs until the parent is gone; does not return."""
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                os._exit(0)
            if isinstance(message, Cancel):
                self._cancelled.add(message.number)
            else:
                threading.Thread(target=self._run, args=(message,), daemon=True).start()

    def send(self, message: object) -> None:
        """Sends a message; one that cannot be sent has nobody left to read it."""
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            os._exit(0)

    def _run(self, message: Run) -> None:
        reporter = _Reporter(self, message.number)
        try:
            value = pickle.loads(message.work).run(reporter.report)
            answer = Returned(message.number, value)
        except BaseException as error:
            answer = Raised(message.number, _sendable(error))
        reporter.flush()
        self.send(answer)

    def is_cancelled(self, number: int) -> bool:
        """Whether a job is to end."""
        return number in self._cancelled


class _Reporter:
    """Passes on how far a job is, now and then, and the last word in any case."""

    def __init__(self, child: Child, number: int) -> None:
        self._child = child
        self._number = number
        self._kept: Progress | None = None
        self._sent_at = -_REPORT_EVERY_S

    def report(self, progress: Progress) -> None:
        if self._child.is_cancelled(self._number):
            raise Cancelled
        self._kept = progress
        if time.monotonic() - self._sent_at >= _REPORT_EVERY_S:
            self.flush()

    def flush(self) -> None:
        if self._kept:
            self._child.send(Reported(self._number, self._kept))
            self._kept, self._sent_at = None, time.monotonic()


def _sendable(error: BaseException) -> BaseException:
    """The same error with its traceback as a note, or one that says the same if it must."""
    error.add_note("in the worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


class _ToParent(QueueHandler):
    """Sends log records, made picklable, for the parent's handlers."""

    def __init__(self, child: Child) -> None:
        super().__init__(SimpleQueue())
        self._child = child

    def enqueue(self, record: logging.LogRecord) -> None:
        self._child.send(Logged(record))


def main() -> None:
    """Serves the parent that holds the other end of the descriptor in the first argument."""
    child = Child(Connection(int(sys.argv[1])))
    logging.getLogger("fer_core").addHandler(_ToParent(child))
    child.serve()


if __name__ == "__main__":
    main()
