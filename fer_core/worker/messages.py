"""What the two processes tell each other: plain data, never a frame."""

import logging
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fer_core.types import OnProgress, Progress

T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """Work that a worker process can do: picklable data, and what to do with it there.

    It must be safe to begin again: after a crash the same job runs once more.

    Example:
        >>> @dataclass(frozen=True)
        ... class Count:
        ...     text: str
        ...
        ...     def run(self, on_progress: OnProgress) -> int:
        ...         return len(self.text)
    """

    def run(self, on_progress: OnProgress) -> T_co:
        """Does it, in the worker process. An exception of `on_progress` must end it."""
        ...


class Cancelled(Exception):
    """The job was asked to end: raised within it by its `on_progress`."""


@dataclass(frozen=True, slots=True)
class Run:
    """To the worker: do this pickled job beside those that you are at."""

    number: int
    work: bytes


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the worker: end this job at its next report."""

    number: int


@dataclass(frozen=True, slots=True)
class Reported:
    """From the worker: how far a job is."""

    number: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Returned:
    """From the worker: a job is done."""

    number: int
    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """From the worker: a job ended with an exception."""

    number: int
    error: BaseException


@dataclass(frozen=True, slots=True)
class Logged:
    """From the worker: a line for this process's log."""

    record: logging.LogRecord
