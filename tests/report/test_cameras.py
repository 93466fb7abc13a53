"""Cameras that are followed live have a page a day, by the clocks on the wall."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fer_core.forget import forget
from fer_core.report.options import ReportOptions
from fer_core.report.pages import write_report
from fer_core.sample_week import make_sample_week
from fer_core.streams.compact import compact
from tests.report.tails import HAPPY, MINUTE, NINE, SAD, write_morning, write_tail
from tests.report.test_pages import data_of

BERLIN = ReportOptions("Europe/Berlin")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A directory with the yard's morning."""
    write_morning(tmp_path)
    return tmp_path


def page_of(out: Path, options: ReportOptions = BERLIN) -> dict[str, Any]:
    return data_of(write_report(out, options, video="yard"))


def shown(data: dict[str, Any], names: Sequence[str]) -> set[tuple[str, int]]:
    """Emotions and tracks of the episodes of these emotions."""
    told = {(data["emotions"][e[5]], e[4]) for e in data["episodes"]}
    return {(emotion, track) for emotion, track in told if emotion in names}


def test_a_day_is_shown_by_the_wall_clock_with_its_gaps(out: Path) -> None:
    data = page_of(out)
    assert (data["begin"], data["where"]) == (
        "2026-11-02T10:00:00",
        "followed live, clocks of Europe/Berlin",
    )
    assert data["length_s"] == 600
    assert data["gaps"] == [[120, 300, "stalled, then unreachable"], [360, 540, "stopped"]]
    happy = next(e for e in data["episodes"] if data["emotions"][e[5]] == "happy")
    sad = next(e for e in data["episodes"] if data["emotions"][e[5]] == "sad")
    assert happy[0] == pytest.approx(0, abs=2)
    assert sad[0] == pytest.approx(9 * 60 + 10, abs=2)
    facts = dict(data["facts"])
    assert facts["without a picture"] == "2 gaps, 6 min 0 s"
    assert facts["frames"].startswith("1200 looked at; 0 dropped")


def test_faces_of_two_tails_are_kept_apart(out: Path) -> None:
    assert shown(page_of(out), ["happy", "sad", "angry"]) == {
        ("happy", 0),
        ("sad", 1),
        ("angry", 2),
    }


def test_a_day_is_one_of_the_zone(out: Path) -> None:
    """On Tonga, 13 hours ahead, a new day begins at 11:00 UTC."""
    midnight = NINE + timedelta(hours=2)
    write_tail(out, "yard", midnight, midnight - MINUTE / 2, SAD)
    videos = data_of(write_report(out, ReportOptions("Pacific/Tongatapu")))["videos"]
    lengths = {video["name"]: video["length_s"] for video in videos}
    assert lengths == {
        "yard, 2026-11-02": pytest.approx(2 * 3600),
        "yard, 2026-11-03": pytest.approx(29.8),
    }


def test_it_stands_in_the_index_and_the_heat_map_beside_videos(out: Path) -> None:
    make_sample_week(out)
    data = data_of(write_report(out, BERLIN))
    [yard] = [row for row in data["videos"] if row["camera"] == "yard"]
    assert (yard["status"], yard["start"]) == ("tail", "2026-11-02 10:00:00")
    assert yard["error"] == "2 gaps, 6 min 0 s"
    assert len(data["videos"]) == 9
    [[_, day, hour, *seconds]] = [hours for hours in data["hours"] if hours[0] == "yard"]
    assert (day, hour) == ("2026-11-02", 10)
    assert seconds[data["emotions"].index("happy")] == pytest.approx(180, abs=5)


def test_a_page_is_made_again_only_for_new_records(out: Path) -> None:
    page = write_report(out, BERLIN, video="yard")
    before = page.stat().st_mtime_ns
    write_report(out, BERLIN)
    compact(out, NINE + timedelta(days=3))
    write_report(out, BERLIN)
    assert page.stat().st_mtime_ns == before, "merging files changes no record"
    write_tail(out, "yard", NINE, NINE + 20 * MINUTE, HAPPY)
    write_report(out, BERLIN)
    assert page.stat().st_mtime_ns != before


@pytest.mark.parametrize("what", [{"camera": "yard"}, {"day": date(2026, 11, 2)}])
def test_forgetting_takes_the_page_along(out: Path, what: dict[str, Any]) -> None:
    make_sample_week(out)
    index = write_report(out, BERLIN)
    forget(out, **what)
    assert "yard" not in "".join(path.read_text() for path in index.parent.rglob("*.*ml"))
    assert len(data_of(index)["videos"]) == (8 if "camera" in what else 4)
