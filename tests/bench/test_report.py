"""The arithmetic of medians, ratios and goals, and the page that they are written into."""

from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.bench import whole
from fer_core.bench.goals import goals, ratio
from fer_core.bench.job import Job, Outcome
from fer_core.bench.networks import SIZES
from fer_core.bench.report import Report, write_docs
from fer_core.bench.suite import ROWS, Case, Result, summarise
from fer_core.errors import InputError

ROW = "records, 5 a second"


def results() -> list[Result]:
    """A whole benchmark, made up: decoding runs at 1000 frames a second, the rest at 500."""
    videos = [
        Result(table, row, 3, fps=1000.0 if what == "decode" else 500.0, first_s=2.0)
        for table in whole.VIDEOS
        for row, (what, _) in ROWS.items()
    ]
    shares = {"networks": 0.75, "decode": 0.25}
    batches = {f"{name} {n}": 10.0 * n for name in ("detector", "classifier") for n in SIZES}
    return [
        *(replace(r, shares=shares) if r.row.startswith("records") else r for r in videos),
        *(Result(whole.AT_ONCE, str(n), 3, fps=100.0 * n, peak_mb=50.0 * n) for n in (1, 2, 4, 8)),
        Result(whole.BATCHES, "both networks", 3, figures=batches),
        Result(whole.MEMORY, "5 a second", 3, peak_mb=1600.0),
        Result(whole.LONG, "5 a second", 1, fps=400.0, quarters_mb=(200.0, 300.0, 310.0, 315.0)),
        Result(whole.FILES, "deciding", 1, wall_s=4.0),
        Result(whole.FILES, "orchestration", 1, figures={"orchestration": 60.0}),
    ]


def test_a_result_is_the_median_of_its_rounds() -> None:
    case = Case("clip", ROW, Job("pipeline"), frames=300, seconds=10.0)
    result = summarise(case, [Outcome(wall_s, 3.0, peak_mb=wall_s) for wall_s in (1.0, 2.0, 9.0)])
    assert (result.rounds, result.fps, result.speed, result.peak_mb) == (3, 150, 5, 2)
    assert result.cpu_s_a_minute == pytest.approx(18)


def test_a_loop_that_stopped_early_counts_what_it_did() -> None:
    case = Case("clip", "usual loop", Job("usual_loop"), frames=300, seconds=10.0)
    result = summarise(case, [Outcome(5.0, 10.0, part=0.1)])
    assert (result.fps, result.cpu_s_a_minute) == (6, 600)


def test_stages_are_compared_by_their_medians() -> None:
    case = Case("clip", ROW, Job("pipeline"), frames=1, seconds=1.0)
    rounds = [Outcome(1.0, 1.0, shares={"decode": part}) for part in (0.1, 0.5, 0.9)]
    assert summarise(case, [*rounds, Outcome(1.0, 1.0)]).shares == {"decode": 0.3}


def test_ratios_need_both_sides() -> None:
    fast, slow = (Result("clip", row, 1, fps=fps) for row, fps in (("a", 30.0), ("b", 20.0)))
    assert ratio(fast, slow) == 1.5
    assert ratio(fast, Result("clip", "c", 0)) is None


def test_goals_say_what_is_met() -> None:
    met = {(goal.work, goal.goal): (goal.value, goal.is_met) for goal in goals(results())}
    assert list(met.values()) == [
        (0.5, False),
        (1.0, False),
        (0.5, True),
        (1.0, False),
        (1.0, True),
        (1600.0, False),
        (1.05, True),
        (2.0, True),
        (4.0, True),
        (60.0, False),
    ]


def test_what_was_not_measured_is_not_met() -> None:
    assert not any(goal.is_met for goal in goals([]))


def test_the_page_gets_its_tables_and_keeps_its_prose(tmp_path: Path) -> None:
    page = tmp_path / "benchmark.md"
    page.write_text("before\n<!-- measured -->\nold\n<!-- /measured -->\nafter\n", "utf-8")
    write_docs(Report({"cores": "2"}, results(), goals(results())), tmp_path)
    text = page.read_text("utf-8")
    assert text.startswith("before\n<!-- measured -->\n")
    assert text.endswith("<!-- /measured -->\nafter\n")
    assert "old" not in text
    for table in (*whole.VIDEOS, whole.AT_ONCE, whole.BATCHES, whole.LONG, whole.FILES):
        assert f"### {table}\n" in text
    assert "| 1080p, every frame | ≥ 0.35 × decode only | 0.5 | met |" in text
    assert "| 1080p, every frame | ≥ 15 × usual loop, every frame | 1 | **not met** |" in text
    assert "| 1080p, one face: records, every frame | 75% | 25% |" in text
    assert (tmp_path / "images" / "benchmark.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("table", [whole.HD, whole.BATCHES, whole.LONG, whole.FILES])
def test_the_page_says_why_something_was_not_measured(table: str) -> None:
    text = Report({}, [Result(table, ROW, 0, error="the disk is full")], ()).as_markdown()
    assert f"{ROW} failed: the disk is full" in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "benchmark.md"
    page.write_text("mine", "utf-8")
    with pytest.raises(InputError, match="expected a page with"):
        write_docs(Report({}, results(), ()), tmp_path)
    assert page.read_text("utf-8") == "mine"
