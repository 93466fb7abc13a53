"""What the pipeline is to reach, as ratios within one run, and whether it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fer_core.bench import whole
from fer_core.bench.suite import Result

Find = Callable[[str, str], Result]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal and what was measured.

    Args:
        work: what is done.
        goal: what is to be reached, in words.
        value: what was measured; None if that failed.
        limit: what it is compared with.
        at_most: whether it is to stay at or below the limit; else at or above.
        video: title of the table that shows what holds it back.
        row: the row there.
    """

    work: str
    goal: str
    value: float | None
    limit: float
    at_most: bool = False
    video: str | None = None
    row: str | None = None

    @property
    def is_met(self) -> bool:
        if self.value is None:
            return False
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def goals(results: Sequence[Result]) -> list[Goal]:
    """All goals, measured by the results of the whole benchmark."""
    by_name = {(result.table, result.row): result for result in results}

    def find(table: str, row: str) -> Result:
        return by_name.get((table, row)) or Result(table, row, 0)

    return [*_speed(find), *_memory(find), *_start(find)]


def ratio(a: Result, b: Result) -> float | None:
    """How many times as fast `a` is as `b`; None if one of them was not measured."""
    return a.fps / b.fps if a.fps and b.fps else None


def _speed(find: Find) -> list[Goal]:
    hd, small = whole.HD, whole.SMALL
    sparse, every = "records, 5 a second, reference frames", "records, every frame"
    drawn = "records and video, every frame"
    decode, loop = "decode only", "usual loop, every frame"

    def against(table: str, row: str, other: str, work: str, limit: float) -> Goal:
        value = ratio(find(table, row), find(table, other))
        return Goal(work, f"≥ {limit:g} × {other}", value, limit, video=table, row=row)

    return [
        against(hd, sparse, decode, "1080p, 5 samples a second, no rendering", 0.9),
        against(hd, every, loop, "1080p, every frame", 15),
        against(hd, every, decode, "1080p, every frame", 0.35),
        against(small, every, loop, "640×360, every frame", 10),
        against(hd, drawn, "ffmpeg, decode and encode", "1080p, every frame, rendered", 0.6),
    ]


def _memory(find: Find) -> list[Goal]:
    peak = find(whole.MEMORY, "5 a second").peak_mb
    quarters = find(whole.LONG, "5 a second").quarters_mb
    growth = quarters[3] / quarters[1] if len(quarters) == 4 and quarters[1] else None
    flat = "≤ 1.1 × the second quarter"
    return [
        Goal("peak memory, 1080p, 8 videos at once, MB", "≤ 1500", peak, 1500, at_most=True),
        Goal("memory in the last quarter of a long video", flat, growth, 1.1, at_most=True),
    ]


def _start(find: Find) -> list[Goal]:
    first = find(whole.HD, "records, 5 a second").first_s
    decided = find(whole.FILES, "deciding")
    small = find(whole.FILES, "orchestration").figures.get("orchestration")
    deciding_s = decided.wall_s if decided.rounds else None
    return [
        Goal("start to first record, s", "≤ 6", first, 6, at_most=True),
        Goal("10,000 files: listing and deciding, s", "≤ 5", deciding_s, 5, at_most=True),
        Goal("small files: orchestration, ms a video", "≤ 50", small, 50, at_most=True),
    ]
