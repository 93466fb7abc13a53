"""A short queue that prefers the new: what waits too long is dropped and counted."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """The newest items that nobody has taken yet.

    A live picture that comes late is worth less than the one after it. So a new item pushes out
    what has waited too long, and a full queue drops its oldest: memory stays bounded and the
    delay small, however slow the taker is.

    Args:
        most: how many items may wait.
        patience_s: how long an item may wait once there is a newer one.
        clock: tells the time in seconds.

    Example:
        >>> waiting = Newest[int](most=2, patience_s=60)
        >>> [waiting.put(number) for number in (1, 2, 3)]
        [0, 0, 1]
        >>> waiting.take(timeout_s=0)
        [2, 3]
    """

    def __init__(
        self, most: int, patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._patience_s = patience_s
        self._clock = clock
        self._items: deque[tuple[float, T]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, item: T) -> int:
        """Adds an item; how many were dropped for it."""
        with self._changed:
            now, dropped = self._clock(), 0
            while self._items and (
                len(self._items) == self._most or now - self._items[0][0] > self._patience_s
            ):
                self._items.popleft()
                dropped += 1
            self._items.append((now, item))
            self._changed.notify()
        return dropped

    def take(self, timeout_s: float) -> list[T] | None:
        """All that waits, oldest first; empty after the time-out, None once all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed, timeout_s)
            if not self._items and self._is_closed:
                return None
            items = [item for _, item in self._items]
            self._items.clear()
            return items

    def close(self) -> None:
        """No more items will come; those that wait can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
