"""Stages that run at once: an iterator is read ahead by a thread of its own.

Decoders and networks release Python's lock, so threads are enough, and pictures need not be
copied between processes.
"""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


@contextmanager
def read_ahead(items: Iterable[T], depth: int, name: str = "read-ahead") -> Iterator[Iterator[T]]:
    """The same items in the same order, while a thread already makes the next ones.

    An error in the making is raised where the item would have come. When the block is left,
    for whatever reason, the thread has ended: nothing runs on behind the caller's back.

    Args:
        items: read by the thread, and by it alone.
        depth: how many items may wait; the thread then waits too, so memory is bounded.
        name: of the thread, for profiles.

    Example:
        >>> with read_ahead(range(3), depth=2) as numbers:
        ...     list(numbers)
        [0, 1, 2]
    """
    reader = _Reader(items, depth, name)
    reader.thread.start()
    try:
        yield reader.items()
    finally:
        reader.stop()


class _Reader(Generic[T]):
    """A thread that fills a bounded queue."""

    def __init__(self, items: Iterable[T], depth: int, name: str) -> None:
        self._source = items
        self._waiting: queue.Queue[T | _End] = queue.Queue(depth)
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def items(self) -> Iterator[T]:
        while not isinstance(item := self._waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def stop(self) -> None:
        """Ends the thread at its next item, and waits for that."""
        self._stopped.set()
        while self.thread.is_alive():
            try:
                self._waiting.get(timeout=0.05)  # it may wait for room
            except queue.Empty:
                continue
        self.thread.join()

    def _run(self) -> None:
        end = _End(None)
        try:
            for item in self._source:
                self._waiting.put(item)
                if self._stopped.is_set():
                    break
        except BaseException as error:  # raised again by whoever reads the items
            end = _End(error)
        self._waiting.put(end)


class _End:
    """The last entry of a queue, with the error that ended it early."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
