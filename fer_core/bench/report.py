"""Runs the benchmark and says what came out, in Markdown, as JSON and as a picture."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_core.atomic import atomic_file
from fer_core.bench import whole
from fer_core.bench.clips import Clip
from fer_core.bench.goals import Goal, goals
from fer_core.bench.journal import Journal
from fer_core.bench.machine import describe_machine
from fer_core.bench.suite import Result, Say, run, video_cases
from fer_core.bench.table import page
from fer_core.errors import InputError

_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured.

    Args:
        machine: on what.
        results: each row of each table, in order.
        goals: of the whole benchmark; empty for a user's own videos.
    """

    machine: dict[str, str]
    results: Sequence[Result]
    goals: Sequence[Goal]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "machine": self.machine,
            "results": [result.as_dict() for result in self.results],
            "goals": [{**asdict(goal), "is_met": goal.is_met} for goal in self.goals],
        }

    def as_markdown(self) -> str:
        return page(self.machine, self.results, self.goals)


def bench_videos(videos: Sequence[Path], rounds: int, cache: Path, say: Say) -> Report:
    """Measures a user's own videos.

    Raises:
        VideoError: one of them is no video.
    """
    cases = [case for video in videos for case in video_cases(Clip.of(video))]
    results = run(cases, rounds, cache, Journal(None), say)
    return Report(describe_machine(), results, ())


def bench_all(
    face: Path | None, rounds: int, cache: Path, length: whole.Length, say: Say
) -> Report:
    """The whole benchmark; one that was cut off goes on where it was.

    Raises:
        FerError: its videos cannot be made.
    """
    cases = whole.cases(face, cache, length, say)
    journal = Journal(cache)
    results = run(cases, rounds, cache, journal, say)
    return Report(describe_machine(), results, goals(results))


def check_docs(directory: Path) -> Path:
    """The page in a directory; ask for it before hours are spent on measuring.

    Raises:
        InputError: there is no such page, or it lacks the marks.
    """
    file = directory / "benchmark.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if not (_BEGIN in text and _END in text):
        raise InputError(f"{file}: expected a page with the lines {_BEGIN} and {_END}; add them")
    return file


def write_docs(report: Report, directory: Path) -> None:
    """Puts tables and picture into `benchmark.md`, between its two marks.

    Raises:
        InputError: as `check_docs`.
    """
    from fer_core.bench.chart import draw

    file = check_docs(directory)
    draw(directory / "images" / "benchmark.png", report.results)
    link = "![Frames a second on each video, by what is done](images/benchmark.png)"
    between = f"{_BEGIN}\n\n{link}\n\n{report.as_markdown()}\n{_END}"
    pattern = f"{re.escape(_BEGIN)}.*{re.escape(_END)}"
    text = re.sub(pattern, lambda _: between, file.read_text("utf-8"), flags=re.DOTALL)
    with atomic_file(file) as temporary:
        temporary.write_text(text, "utf-8")
