"""Stages that run at once: an iterator is read ahead, or written behind, by a thread of its own.

Decoders and networks release Python's lock, so threads are enough, and pictures need not be
copied between processes.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
Out = TypeVar("Out")


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
            self._fill()
        except BaseException as error:  # raised again by whoever reads the items
            end = _End(error)
        self._waiting.put(end)

    def _fill(self) -> None:
        try:
            for item in self._source:
                self._waiting.put(item)
                if self._stopped.is_set():
                    break
        finally:
            if isinstance(self._source, Generator):
                self._source.close()  # here and now: it may have threads of its own


def map_ahead(
    function: Callable[[T], Out], items: Iterable[T], at_once: int, name: str = "map-ahead"
) -> Iterator[Out]:
    """The function of each item, in the items' order, with several calls under way at once.

    An error of the function is raised where its result would have come. When the generator ends
    or is closed, its threads have ended.

    Args:
        function: safe to call from several threads.
        items: read by the caller's thread, and not further than `at_once` ahead.
        at_once: calls under way.
        name: of the threads, for profiles.

    Example:
        >>> list(map_ahead(abs, [3, -4, -5], at_once=2))
        [3, 4, 5]
    """
    with ThreadPoolExecutor(at_once, name) as pool:
        running: deque[Future[Out]] = deque()
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) == at_once:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


@contextmanager
def write_behind(
    consume: Callable[[Iterator[T]], None], depth: int, name: str = "write-behind"
) -> Iterator[Callable[[T], None]]:
    """A function that hands items to a thread, which consumes them in their order.

    The block ends when all is consumed. If it is left with an error, the items end with
    `Abandoned`, so that nothing half is taken for whole. An error of the consumer is raised at
    the end of the block; if the consumer ends early, the items that follow are dropped.

    Args:
        consume: called once, by the thread, with all the items to come.
        depth: how many items may wait; the caller then waits too, so memory is bounded.
        name: of the thread, for profiles.

    Example:
        >>> numbers = []
        >>> with write_behind(numbers.extend, depth=2) as put:
        ...     put(1)
        ...     put(2)
        >>> numbers
        [1, 2]
    """
    writer = _Writer(consume, depth, name)
    writer.thread.start()
    try:
        yield writer.put
    except BaseException as error:
        writer.end(error)
        raise
    writer.end(None)
    if writer.error is not None:
        raise writer.error


class Abandoned(Exception):
    """Raised among items that will not be complete, as their maker has failed."""


class _Writer(Generic[T]):
    """A thread that empties a bounded queue."""

    def __init__(self, consume: Callable[[Iterator[T]], None], depth: int, name: str) -> None:
        self._consume = consume
        self._waiting: queue.Queue[T | _End] = queue.Queue(depth)
        self._end: _End | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, item: T) -> None:
        self._waiting.put(item)

    def end(self, error: BaseException | None) -> None:
        """Says that no item follows, and waits until the thread has ended."""
        self._waiting.put(_End(error))
        self.thread.join()

    def _items(self) -> Iterator[T]:
        while not isinstance(item := self._waiting.get(), _End):
            yield item
        self._end = item
        if item.error is not None:
            raise Abandoned from item.error

    def _run(self) -> None:
        try:
            self._consume(self._items())
        except BaseException as error:  # raised again at the end of the block
            self.error = error
        while self._end is None:  # whoever puts must not wait for a consumer that has gone
            item = self._waiting.get()
            self._end = item if isinstance(item, _End) else None


class _End:
    """The last entry of a queue, with the error that ended it early."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
