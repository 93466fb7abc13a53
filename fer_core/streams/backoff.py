"""How long to wait before a camera is tried again."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Waits that double with each failure up to a limit, less a random part of up to a half.

    Libraries for retrying call one function again until it works; a connection that worked
    for a day and then broke begins anew, which is all that this adds.

    Args:
        first_s, most_s: the first and the longest wait.

    Example:
        >>> waits = Backoff(1, 8)
        >>> [1 <= 2 * waits.next_s() / step <= 2 for step in (1, 2, 4, 8, 8)]
        [True, True, True, True, True]
    """

    first_s: float
    most_s: float
    failures: int = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        longest = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 60))
        self.failures += 1
        return longest * random.uniform(0.5, 1)

    def reset(self) -> None:
        """It works again."""
        self.failures = 0
