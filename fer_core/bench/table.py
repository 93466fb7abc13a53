"""What was measured, as Markdown."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from fer_core.bench import whole
from fer_core.bench.goals import Goal
from fer_core.bench.networks import SIZES
from fer_core.bench.suite import Result

_COLUMNS = (
    "frames/s",
    "× real time",
    "CPU s a media minute",
    "peak MB",
    "batch: detector",
    "classifier",
)


def page(machine: Mapping[str, str], results: Sequence[Result], goals: Sequence[Goal] = ()) -> str:
    """All tables: the machine, the goals if there are any, the videos, and what else there is."""
    parts = [_machine(machine, results), *([_goals(goals, results)] if goals else [])]
    special = {whole.BATCHES: _batches, whole.FILES: _files, whole.LONG: _long}
    for title, rows in groupby(results, lambda result: result.table):
        measured = list(rows)
        failed = [f"{result.row} failed: {result.error}" for result in measured if result.error]
        parts += [f"### {title}", special.get(title, _speeds)(measured), *failed]
    return "\n\n".join(parts) + "\n"


def _machine(machine: Mapping[str, str], results: Sequence[Result]) -> str:
    rounds = max((result.rounds for result in results), default=0)
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"Medians of {rounds} rounds. {facts}."


def _goals(goals: Sequence[Goal], results: Sequence[Result]) -> str:
    rows = [(g.work, g.goal, _number(g.value), "met" if g.is_met else "**not met**") for g in goals]
    table = f"### Goals\n\n{_table(('work', 'goal', 'measured', ''), rows)}"
    held = {(g.video, g.row) for g in goals if g.video and not g.is_met}
    causes = [result for result in results if (result.table, result.row) in held]
    if not causes:
        return table
    return f"{table}\n\nWhere processor time goes in what is not met:\n\n{_shares(causes)}"


def _speeds(results: Sequence[Result]) -> str:
    """Rows of work on videos, and below them where processor time goes."""
    rows = [
        (
            result.row,
            _number(result.fps),
            _number(result.speed),
            _number(result.cpu_s_a_minute),
            _number(result.peak_mb),
            _number(result.batches.get("detector")),
            _number(result.batches.get("classifier")),
        )
        for result in results
    ]
    table = _table(("", *_COLUMNS), rows)
    shared = [result for result in results if result.shares]
    return "\n\n".join([table, *([_shares(shared)] if shared else [])])


def _shares(results: Sequence[Result]) -> str:
    stages = list(dict.fromkeys(stage for result in results for stage in result.shares))
    header = ("part of processor time", *stages, "detector busy", "classifier busy")
    rows = [
        (
            f"{result.table}: {result.row}",
            *(_percent(result.shares.get(stage, 0.0)) for stage in stages),
            _percent(result.busy.get("detector", 0.0)),
            _percent(result.busy.get("classifier", 0.0)),
        )
        for result in results
    ]
    return _table(header, rows)


def _batches(results: Sequence[Result]) -> str:
    figures = results[0].figures
    rows = [
        (str(n), _number(figures.get(f"detector {n}")), _number(figures.get(f"classifier {n}")))
        for n in SIZES
    ]
    return _table(("batch", "detector, pictures/s", "classifier, faces/s"), rows)


def _files(results: Sequence[Result]) -> str:
    rows = [
        (f"{result.row}: {name}", _number(value))
        for result in results
        for name, value in (result.figures or {"s": result.wall_s}).items()
    ]
    return _table(("ms a video, or s in all", ""), rows)


def _long(results: Sequence[Result]) -> str:
    quarters = results[0].quarters_mb
    memory = ", ".join(map(_number, quarters)) or "–"
    return f"{_speeds(results)}\n\nPeak in each quarter of its time: {memory} MB."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _number(value: float | None) -> str:
    """Three digits, as many as such a measurement is worth."""
    if value is None or value == 0:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
