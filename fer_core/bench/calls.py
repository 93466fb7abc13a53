"""Counting the calls of a method from outside, so that the product needs no counters."""

import threading
import time
from collections.abc import Sized
from typing import Any


class Calls:
    """How often something was called, for how many items, and how long that took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        self.items = 0
        self.seconds = 0.0

    def add(self, items: int, seconds: float) -> None:
        with self._lock:
            self.calls += 1
            self.items += items
            self.seconds += seconds

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
        began = time.perf_counter()
        result = original(self, batch)
        if len(batch):
            calls.add(len(batch), time.perf_counter() - began)
        return result

    setattr(owner, method, counted)
    return calls
