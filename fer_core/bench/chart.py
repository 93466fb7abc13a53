"""The measurements as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from fer_core.atomic import atomic_file
from fer_core.bench import whole
from fer_core.bench.networks import SIZES
from fer_core.bench.suite import ROWS, Result

matplotlib.use("agg")

_BLUE, _ORANGE = "#2b6cb0", "#d9822b"
_COLOURS = {"decode": "#9aa5b1", "usual_loop": _ORANGE, "pipeline": _BLUE, "ffmpeg": "#63666a"}


def draw(file: Path, results: Sequence[Result]) -> None:
    """Speeds on each video, and how they grow with the batch and with videos at once."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    tables = [table for table in whole.VIDEOS if any(r.table == table for r in results)]
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[3, 2])[:, 0]
    axes = above.subplots(1, max(1, len(tables)), sharey=True, squeeze=False)[0]
    for each, table in zip(axes, tables, strict=False):
        _draw_speeds(each, [result for result in results if result.table == table])
    left, right = below.subplots(1, 2)
    _draw_batches(left, [result for result in results if result.table == whole.BATCHES])
    _draw_growth(right, [result for result in results if result.table == whole.AT_ONCE])
    with atomic_file(file) as temporary:
        figure.savefig(temporary, dpi=110)


def _draw_speeds(axes: Any, results: Sequence[Result]) -> None:
    speeds = {result.row: result.fps or 0.0 for result in results}
    rows = [row for row in ROWS if row in speeds][::-1]
    bars = axes.barh(
        rows, [speeds[row] for row in rows], color=[_COLOURS[ROWS[row][0]] for row in rows]
    )
    axes.bar_label(bars, [f"{speeds[row]:,.0f}" for row in rows], fontsize=7, padding=2)
    axes.set(title=results[0].table, xlabel="frames a second", xscale="log", xlim=(1, 20_000))
    axes.tick_params(labelsize=8)


def _draw_batches(axes: Any, results: Sequence[Result]) -> None:
    for result in results:
        for network in ("detector", "classifier"):
            speeds = [result.figures.get(f"{network} {n}", 0.0) for n in SIZES]
            axes.plot(SIZES, speeds, marker="o", label=network)
        axes.legend()
    axes.set(title=whole.BATCHES, xscale="log", yscale="log", ylabel="a second")
    axes.set_xticks(SIZES, SIZES)
    axes.grid(alpha=0.3)


def _draw_growth(axes: Any, results: Sequence[Result]) -> None:
    counts = [int(result.row) for result in results]
    axes.plot(counts, [result.fps or 0.0 for result in results], marker="o", color=_BLUE)
    axes.set(title=whole.AT_ONCE, ylabel="frames a second, all together", ylim=(0, None))
    axes.set_xticks(counts, counts)
    memory = axes.twinx()
    memory.plot(counts, [result.peak_mb or 0.0 for result in results], "--", color=_ORANGE)
    memory.set(ylabel="peak MB (dashed)", ylim=(0, None))
    axes.grid(alpha=0.3)
