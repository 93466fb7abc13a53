"""What is measured on which videos, how often, and in which order.

Every round measures everything once, so that what is compared was measured side by side, and
medians of the rounds are reported.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.bench.clips import Clip
from fer_core.bench.job import Job, Outcome
from fer_core.bench.journal import Journal
from fer_core.bench.measure import measure
from fer_core.errors import FerError

Say = Callable[[str], None]

_SPARSE, _ALL = "sample.fps=5", "sample.fps=all"
_PLAIN = "render.enabled=false"
ROWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "decode only": ("decode", ()),
    "decode only, reference frames": ("decode", ("sample.skip=nonref",)),
    "usual loop, 5 a second": ("usual_loop", (_SPARSE,)),
    "usual loop, every frame": ("usual_loop", (_ALL,)),
    "records, 5 a second": ("pipeline", (_SPARSE, _PLAIN)),
    "records, 5 a second, reference frames": (
        "pipeline",
        (_SPARSE, _PLAIN, "sample.skip=nonref"),
    ),
    "records, every frame": ("pipeline", (_ALL, _PLAIN)),
    "records and video, 5 a second": ("pipeline", (_SPARSE,)),
    "records and video, every frame": ("pipeline", (_ALL,)),
    "ffmpeg, decode and encode": ("ffmpeg", ()),
}
"""The rows of a video's table: what is done, and the settings that differ from the defaults."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of a table: a job, and the media that it goes through.

    Args:
        table: title of the table.
        row: what the row is called.
        job: what is measured.
        frames: of all its videos together; 0 where it is no video.
        seconds: of media, likewise.
        once: whether one round is enough, since it takes long.
    """

    table: str
    row: str
    job: Job
    frames: int = 0
    seconds: float = 0.0
    once: bool = False

    @classmethod
    def of(
        cls, table: str, row: str, what: str, clips: Sequence[Clip], settings: tuple[str, ...]
    ) -> "Case":
        job = Job(what, tuple(str(clip.path) for clip in clips), settings)
        frames, seconds = (
            sum(clip.frames for clip in clips),
            sum(clip.seconds for clip in clips),
        )
        return cls(table, row, job, frames, seconds)


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds of one case.

    Args:
        table, row: as in `Case`.
        rounds: how many; 0 if it failed.
        fps: frames of media a second.
        speed: seconds of media a second.
        cpu_s_a_minute: processor seconds a minute of media.
        peak_mb, quarters_mb, load_s, first_s, shares, batches, busy, figures, wall_s: as in
            `Outcome`.
        error: why it failed.
    """

    table: str
    row: str
    rounds: int
    wall_s: float = 0.0
    fps: float | None = None
    speed: float | None = None
    cpu_s_a_minute: float | None = None
    peak_mb: float | None = None
    quarters_mb: tuple[float, ...] = ()
    load_s: float | None = None
    first_s: float | None = None
    shares: dict[str, float] = field(default_factory=dict)
    batches: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def video_cases(clip: Clip) -> list[Case]:
    """The table of one video."""
    return [
        Case.of(clip.title, row, what, [clip], settings) for row, (what, settings) in ROWS.items()
    ]


def run(
    cases: Sequence[Case], rounds: int, cache: Path, journal: Journal, say: Say
) -> list[Result]:
    """Measures all cases, round by round; what the journal holds already is not done again.

    Args:
        cases: what to measure.
        rounds: how often.
        cache: directory for temporary files.
        journal: keeps each measurement as soon as it is there.
        say: is told what is being measured.
    """
    outcomes: dict[Case, list[Outcome]] = {case: [] for case in cases}
    errors: dict[Case, str] = {}
    todo = [(r, case) for r in range(rounds) for case in cases if r == 0 or not case.once]
    for number, (round_, case) in enumerate(todo, 1):
        say(f"{number}/{len(todo)}  {case.table}: {case.row}")
        try:
            outcome = journal.get(case.job, round_) or measure(case.job, cache)
        except FerError as error:  # the other rows still tell something
            errors[case] = str(error)
            say(f"  {error}")
            continue
        journal.put(case.job, round_, outcome)
        outcomes[case].append(outcome)
    return [summarise(case, outcomes[case], errors.get(case)) for case in cases]


def summarise(case: Case, outcomes: Sequence[Outcome], error: str | None = None) -> Result:
    """Medians over the outcomes of one case; the ratios of each are taken first."""
    if not outcomes:
        return Result(case.table, case.row, 0, error=error)
    speeds = _speeds(case, outcomes) if case.frames else {}
    quarters = zip(*(outcome.quarters_mb for outcome in outcomes), strict=False)
    return Result(
        case.table,
        case.row,
        len(outcomes),
        wall_s=statistics.median(o.wall_s for o in outcomes),
        **speeds,
        peak_mb=_median(o.peak_mb for o in outcomes),
        quarters_mb=tuple(statistics.median(quarter) for quarter in quarters),
        load_s=_median(o.load_s for o in outcomes),
        first_s=_median(o.first_s for o in outcomes),
        shares=_medians([o.shares for o in outcomes]),
        batches=_medians([o.batches for o in outcomes]),
        busy=_medians([o.busy for o in outcomes]),
        figures=_medians([o.figures for o in outcomes]),
        error=error,
    )


def _speeds(case: Case, outcomes: Sequence[Outcome]) -> dict[str, float]:
    minutes = case.seconds / 60
    return {
        "fps": statistics.median(o.part * case.frames / o.wall_s for o in outcomes),
        "speed": statistics.median(o.part * case.seconds / o.wall_s for o in outcomes),
        "cpu_s_a_minute": statistics.median(o.cpu_s / (o.part * minutes) for o in outcomes),
    }


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _medians(columns: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: statistics.median(c.get(name, 0.0) for c in columns) for name in names}
