"""What `batch_size: auto` is: how many pictures a call a network takes best on its device."""

import os
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from fer_core.runtime.base import Network

BatchSize = int | Literal["auto"]
Shape = tuple[int, int, int]
"""Height, width and channels of a picture."""

PIXELS_A_PIECE = 16 * 48 * 48
"""On a CPU pieces of about this many pixels, one frame or 16 crops, leave a layer's maps in the
processor's cache: 16 frames at once took half as much time again."""

MOST = 512
"""No larger batch is tried."""

_WORTH = 1.1  # a larger batch takes memory and time to fill: it has to be a tenth faster
_BUDGET_S = 10.0
_TURNS = 3


def pieces_batch(shape: Shape) -> int:
    """Pictures of a shape in a piece that a core works on at once."""
    return max(1, PIXELS_A_PIECE // (shape[0] * shape[1]))


def cpu_batch(shape: Shape) -> int:
    """A good size on a CPU: two pieces a core. More gains nothing, and frames are large."""
    return 2 * len(os.sched_getaffinity(0)) * pieces_batch(shape)


def fastest_batch(
    network: Network,
    shape: Shape,
    budget_s: float = _BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """The size found by trying: doubled while that is faster and fits into the memory.

    Args:
        network: what is tried, on black pictures; it lowers its `max_batch` where the memory ends.
        shape: of the pictures it will get.
        budget_s: after this many seconds no larger size is tried.
        clock: seconds that only differ.
    """
    deadline = clock() + budget_s
    best, best_rate, size = 1, 0.0, 1
    while size <= network.max_batch and clock() < deadline:
        rate = _pictures_a_second(network, np.zeros((size, *shape), np.uint8), clock)
        if network.max_batch < size or rate < best_rate * _WORTH:
            break
        best, best_rate, size = size, rate, size * 2
    return best


def _pictures_a_second(network: Network, batch: np.ndarray, clock: Callable[[], float]) -> float:
    """Of the fastest of a few calls. One goes before them: it compiles for the new size."""
    times = []
    for _ in range(1 + _TURNS):
        began = clock()
        network(batch)
        times.append(clock() - began)
    return len(batch) / max(min(times[1:]), 1e-9)
