"""Ctrl-C as a request to stop in good order, with a deadline."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

EXIT_INTERRUPTED = 130

# Videos end at their next frame, and Prefect is told; what takes longer than this hangs.
_GRACE_S = 4.0


class Interruption:
    """While entered, Ctrl-C ends the process, once the work has stopped if there is any.

    Work that has begun is asked to stop by setting `stop`; a second Ctrl-C, or four seconds,
    end the process all the same. Raising an exception wherever the main thread happens to be
    would leave the threads that do the work running, and show Prefect's own tracebacks.

    Args:
        stop: what the work looks at.
        out: the output directory, to be named to the person.
    """

    def __init__(self, stop: threading.Event, out: str) -> None:
        self.stop = stop
        self.working = False
        self.last_resort: Callable[[], None] | None = None
        # Descriptor 2 itself is turned aside while TensorFlow is loaded.
        self._terminal = os.dup(2)
        self._message = (
            f"\nstopping; the videos that are finished are kept in {out}, "
            "and the same command goes on from there\n"
        )
        self._previous: Any = None

    def __enter__(self) -> "Interruption":
        self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # After a stop the handler stays, so that a second Ctrl-C still ends the process at once.
        if not self.stop.is_set():
            signal.signal(signal.SIGINT, self._previous)
            os.close(self._terminal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            self._leave()
        self.stop.set()
        os.write(self._terminal, self._message.encode())
        if not self.working:
            self._leave()
        deadline = threading.Timer(_GRACE_S, self._leave)
        deadline.daemon = True
        deadline.start()

    def _leave(self) -> None:
        if self.last_resort:
            self.last_resort()
        os._exit(EXIT_INTERRUPTED)
