"""Which of the videos of INPUT a run does."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fer_core.batch import open_work, summarise
from fer_core.config import ProcessConfig
from fer_core.ledger import Decision, Todo, VideoSummary
from fer_core.selection import recorded_at, select
from fer_core.types import VideoRef

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
NAMES = {"pattern": r"(?P<camera>\w+)-(?P<time>\d{14})", "timezone": "Europe/Berlin"}


def config(archive: dict[str, str] | None = None, **asked: Any) -> ProcessConfig:
    return ProcessConfig.model_validate({"select": asked, "archive": archive or {}})


def video(folder: Path, name: str, todo: Todo = Todo.ANALYSE, age_s: float = 3600) -> Decision:
    """A file that changed so long ago, and what the ledger has decided for it."""
    path = folder / name
    path.touch()
    os.utime(path, (NOW - age_s, NOW - age_s))
    ref = VideoRef.of(path)
    status = "failed" if name.startswith("bad") else "ok"
    row = VideoSummary(ref.video_id, ref.source, status, settings_hash="x")
    return Decision(ref, todo, row if todo is Todo.NOTHING else None)


def chosen(decisions: Sequence[Decision], settings: ProcessConfig) -> list[str]:
    work = open_work(select(decisions, settings, NOW))
    return [decision.video.path.name for decision in work]


def test_without_options_nothing_changes(tmp_path: Path) -> None:
    decisions = [video(tmp_path, "a.mp4"), video(tmp_path, "b.mp4", Todo.NOTHING)]
    assert select(decisions, config(), NOW) == decisions


def test_failures_are_tried_again_and_all_is_done_again_when_asked_for(tmp_path: Path) -> None:
    names = ("good.mp4", "bad.mp4")
    decisions = [video(tmp_path, name, Todo.NOTHING) for name in names]
    assert chosen(decisions, config()) == []
    assert chosen(decisions, config(retry_failed=True)) == ["bad.mp4"]
    assert chosen(decisions, config(force=True)) == ["good.mp4", "bad.mp4"]


def test_files_that_are_being_written_are_left_alone(tmp_path: Path) -> None:
    ages = {"young.mp4": 5, "old.mp4": 61, "skewed.mp4": -5, "far-future.mp4": -1e6}
    decisions = [video(tmp_path, name, age_s=age) for name, age in ages.items()]
    decisions.append(video(tmp_path, "done.mp4", Todo.NOTHING, age_s=5))
    assert chosen(decisions, config(settle_s="60s")) == ["old.mp4", "far-future.mp4"]
    summary = summarise(tmp_path, select(decisions, config(settle_s=60), NOW), {})
    assert (summary.videos, summary.settling, summary.done_before) == (3, 2, 1)


def test_a_limit_counts_work_alone(tmp_path: Path) -> None:
    decisions = [video(tmp_path, "done.mp4", Todo.NOTHING)]
    decisions += [video(tmp_path, f"{number}.mp4") for number in range(3)]
    assert chosen(decisions, config(limit=2)) == ["0.mp4", "1.mp4"]
    summary = summarise(tmp_path, select(decisions, config(limit=2), NOW), {})
    assert (summary.videos, summary.pending, summary.limited) == (3, 2, 1)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"since": "2026-11-02"}, ["2", "3"]),
        ({"until": "2026-11-01"}, ["0", "1"]),
        ({"since": "2026-11-01", "until": "2026-11-01"}, ["1"]),
        ({"since": "2026-11-01T23:59:59", "until": "2026-11-02T00:00:00"}, ["1"]),
        ({"since": "2026-11-01T22:59:59Z", "until": "2026-11-01T23:00:00+00:00"}, ["1"]),
    ],
    ids=str,
)
def test_days_are_those_of_the_archive(tmp_path: Path, asked: Any, names: list[str]) -> None:
    times = ("20261031235959", "20261101235959", "20261102000000", "20261103000000")
    decisions = [video(tmp_path, f"door-{time}.mp4") for time in times]
    work = chosen(decisions, config(NAMES, **asked))
    assert work == [decisions[int(name)].video.path.name for name in names]


def test_a_video_is_as_old_as_its_name_or_row_or_file_says(tmp_path: Path) -> None:
    archive = config(NAMES).archive
    named = video(tmp_path, "door-20261101120000.mp4", Todo.NOTHING)
    plain = video(tmp_path, "holiday.mp4", Todo.NOTHING)
    assert plain.row
    container = datetime(2026, 8, 1, tzinfo=UTC)
    known = replace(plain, row=replace(plain.row, captured_at=container))
    assert recorded_at(named, archive) == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert recorded_at(known, archive) == container
    assert recorded_at(plain, archive) == datetime.fromtimestamp(NOW - 3600, UTC)
    plain.video.path.unlink()
    assert recorded_at(plain, archive) is None
    [told] = select([plain], config(since="2026-11-01"), NOW)
    assert told.todo is Todo.NOTHING, "what is lost is told"
