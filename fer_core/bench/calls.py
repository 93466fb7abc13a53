"""Counting the calls of a method from outside, so that the product needs no counters."""

import threading
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from typing import Any


class Calls:
    """How often something was called, for how many items, and how long any call was under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._began = 0.0
        self.calls = 0
        self.items = 0
        self.seconds = 0.0

    @contextmanager
    def call(self, items: int) -> Iterator[None]:
        """Around each call; several may be under way at once."""
        with self._lock:
            if not self._under_way:
                self._began = time.perf_counter()
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                if not self._under_way:
                    self.seconds += time.perf_counter() - self._began
                self.calls += 1
                self.items += items

    @property
    def mean(self) -> float:
        """Items a call; 0 if there was none."""
        return self.items / max(1, self.calls)


def count_calls(owner: type, method: str) -> Calls:
    """Counts, in this process and from now on, all calls that have something to do.

    Args:
        owner: the class.
        method: name of a method that takes one batch.
    """
    original: Any = getattr(owner, method)
    calls = Calls()

    def counted(self: Any, batch: Sized) -> Any:
        if not len(batch):
            return original(self, batch)
        with calls.call(len(batch)):
            return original(self, batch)

    setattr(owner, method, counted)
    return calls
