"""What is in the pages, read as files; tests/real/test_report_pages.py looks at them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fer_core.config import ProcessConfig
from fer_core.emotions import EMOTIONS
from fer_core.errors import ConfigError, InputError
from fer_core.report.options import ReportOptions
from fer_core.report.pages import write_report
from fer_core.sample_week import Person, Scene, Shot, make_sample_week, write_shot
from fer_core.settings import load_config
from fer_core.trust import FaceFilter
from fer_core.used_settings import keep_settings
from tests.cli.command import fer
from tests.examples import video
from tests.report.conftest import HOSTILE, START

EVERYBODY = FaceFilter()


def data_of(page: Path) -> dict[str, Any]:
    """The numbers that a page holds."""
    found = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text()
    )
    assert len(found) == 1
    return json.loads(found[0])


def test_a_page_holds_tracks_episodes_and_facts(dataset: Path) -> None:
    data = data_of(write_report(dataset, ReportOptions("Europe/Berlin"), video="onerror"))
    assert [track["id"] for track in data["tracks"]] == [0, 1]
    assert data["tracks"][1]["first"] * data["bin_s"] == 1.0
    shown = {(data["emotions"][e[5]], e[4]) for e in data["episodes"]}
    assert shown == {("angry", 0), ("happy", 0), ("surprise", 1)}
    angry = next(e for e in data["episodes"] if data["emotions"][e[5]] == "angry")
    assert 2 <= angry[0] <= angry[2] <= angry[1] <= 4, "times begin at 0, not at 3600"
    time_s, probability, track = data["peaks"][data["emotions"].index("surprise")]
    assert (1 <= time_s < 6, probability > 0.6, track) == (True, True, 1)
    facts = dict(data["facts"])
    assert facts["recorded"] == "2026-11-03 00:30:00"
    assert facts["faces"].startswith("105 found, 65 shown")
    assert data["thumbnails"] == {}


def test_names_cannot_leave_their_place(dataset: Path) -> None:
    page = write_report(dataset, video="onerror")
    text = page.read_text()
    assert "<img" not in text
    assert text.count("</script>") == 4
    assert data_of(page)["where"].endswith(HOSTILE.replace("/", "_"))


def test_the_index_has_all_videos_and_hours(dataset: Path) -> None:
    data = data_of(write_report(dataset, ReportOptions("Europe/Berlin")))
    assert {row["status"]: row["error"] for row in data["videos"]} == {
        "ok": None,
        "failed": "0 bytes <script>",
    }
    [[camera, day, hour, *seconds]] = data["hours"]
    assert (camera, day, hour) == ("door <b>", "2026-11-03", 0)
    assert sum(seconds) == pytest.approx(13.0, abs=0.5)


@pytest.mark.parametrize("length_s", [3, 8, 60, 3600])
def test_sparklines_have_no_stripes(tmp_path: Path, length_s: int) -> None:
    """Whoever is there all the time is seen all the time, however samples fall into bins."""
    people = (Person((Scene(0, length_s / 2, "happy", 3.0),)),)
    write_shot(tmp_path, Shot("hall", START, people, length_s=float(length_s)), video())
    [row] = data_of(write_report(tmp_path))["videos"]
    happy = str(EMOTIONS.index("happy"))
    assert row["spark"].strip("-").count("-") == 0
    assert 39 <= row["spark"].count(happy) <= 41 + 80 * 0.3 / length_s
    assert len(row["spark"]) == 80


def test_nothing_comes_from_elsewhere(dataset: Path) -> None:
    index = write_report(dataset)
    for page in (index, *(index.parent / "videos").glob("*.html")):
        assert "http" not in page.read_text()
    assert [path.name for path in index.parent.rglob("plotly*")] == ["plotly.min.js"]


def test_pages_that_are_up_to_date_stay(tmp_path: Path) -> None:
    make_sample_week(tmp_path)
    write_report(tmp_path)
    pages = list((tmp_path / "report" / "videos").glob("*.html"))
    before = {page: page.stat().st_mtime_ns for page in pages}
    write_report(tmp_path)
    assert {page: page.stat().st_mtime_ns for page in pages} == before
    write_report(tmp_path, ReportOptions("Asia/Tokyo"))
    assert all(page.stat().st_mtime_ns != before[page] for page in pages)


def test_an_hour_of_faces_is_a_small_page(tmp_path: Path) -> None:
    emotions = ("happy", "sad", "angry", "neutral")
    people = tuple(
        Person(tuple(Scene(t, t + 60, emotions[(t // 60 + k) % 4]) for t in range(0, 3600, 60)))
        for k in range(4)
    )
    write_shot(tmp_path, Shot("hall", START, people, length_s=3600.0), video())
    page = write_report(tmp_path, ReportOptions(faces=EVERYBODY), video="door")
    assert page.stat().st_size < 1_000_000
    assert data_of(page)["bin_s"] == 1


def test_what_cannot_be_shown_is_said(dataset: Path) -> None:
    with pytest.raises(InputError, match="no video whose name contains 'nobody'"):
        write_report(dataset, video="nobody")
    with pytest.raises(ConfigError, match="IANA name"):
        ReportOptions(timezone="Mars/North")


def test_pictures_of_faces_only_when_asked(dataset: Path) -> None:
    options = ReportOptions(thumbnails=True)
    data = data_of(write_report(dataset, options, video="onerror"))
    assert all(url.startswith("data:image/jpeg;base64,") for url in data["thumbnails"].values())


def test_the_command_names_the_page(dataset: Path) -> None:
    result = fer("report", dataset, "--timezone", "Europe/Berlin")
    assert (result.returncode, result.stdout) == (0, f"{dataset}/report/index.html\n")


def test_open_shows_the_page_in_the_browser(dataset: Path, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    result = fer("report", dataset, "--video", "onerror", "--open", BROWSER=str(browser))
    page = Path(result.stdout.strip())
    assert (result.returncode, result.stderr) == (0, "")
    assert opened.read_text() == f"{page.as_uri()}\n"
    none = fer("report", dataset, "--open", BROWSER=str(tmp_path / "missing"), PATH="")
    assert none.returncode == 0
    assert f"{dataset.as_uri()}/report/index.html" in none.stderr


def test_the_settings_are_told_in_words(tmp_path: Path) -> None:
    make_sample_week(tmp_path)
    config = load_config(ProcessConfig, overrides=["sample.fps=2", "detect.min_score=0.8"])
    keep_settings(tmp_path, "sample", config)
    facts = dict(data_of(write_report(tmp_path, video="door/20261102_08"))["facts"])
    assert facts["looked at"] == "2 frames a second"
    assert "score ≥ 0.8" in facts["detector"]
    assert facts["hash of the settings"] == "sample"


def test_a_recording_that_is_gone_has_no_pictures_and_the_page_says_so(tmp_path: Path) -> None:
    make_sample_week(tmp_path)
    data = data_of(write_report(tmp_path, ReportOptions(thumbnails=True), video="door/20261102_08"))
    assert data["thumbnails"] == {}
    assert "no such file" in dict(data["facts"])["pictures of faces"]
