"""Work for a worker process, as the tests need it."""

import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from fer_core.types import OnProgress, Progress

LONG_S = 60.0


def wait_for(file: Path) -> None:
    """Returns when somebody has made a file."""
    deadline = time.monotonic() + LONG_S
    while not file.exists():
        assert time.monotonic() < deadline, f"nobody made {file}"
        time.sleep(0.01)


@dataclass(frozen=True)
class Tell:
    """Says in which process it runs."""

    def run(self, on_progress: OnProgress) -> int:
        logging.getLogger("fer_core.example").warning("at work in %d", os.getpid())
        return os.getpid()


@dataclass(frozen=True)
class Meet:
    """Is through only if another one, which makes the other file, runs at the same time."""

    mine: Path
    other: Path

    def run(self, on_progress: OnProgress) -> None:
        self.mine.touch()
        wait_for(self.other)


@dataclass(frozen=True)
class Endless:
    """Reports for ever."""

    def run(self, on_progress: OnProgress) -> None:
        while True:
            on_progress(Progress("analyse", 1.0))
            time.sleep(0.01)


@dataclass(frozen=True)
class Refuse:
    """Ends with an error."""

    def run(self, on_progress: OnProgress) -> None:
        raise UnicodeDecodeError("ascii", b"\xff", 0, 1, "no text")


class TwoPartError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


@dataclass(frozen=True)
class RefuseOddly:
    """Ends with an error that cannot be pickled."""

    def run(self, on_progress: OnProgress) -> None:
        raise TwoPartError("odd", "error")


@dataclass(frozen=True)
class Crash:
    """Ends its process as a faulty decoder would, once the innocent one is at work, too."""

    folder: Path

    def run(self, on_progress: OnProgress) -> None:
        wait_for(self.folder / "began")
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(LONG_S)


@dataclass(frozen=True)
class Innocent:
    """Is at work whenever the process dies for the first time; returns when it runs again."""

    folder: Path

    def run(self, on_progress: OnProgress) -> str:
        began = self.folder / "began"
        if not began.exists():
            began.touch()
            time.sleep(LONG_S)
        return "done"
