"""New records as they appear, each row once."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fer_core import follow_records
from fer_core.schema import RECORDS
from tests.examples import tracked_frame, video, write_records
from tests.streams.parts import write_part

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_only_what_is_new_unless_asked_for_all(tmp_path: Path) -> None:
    write_part(tmp_path, NOON, frames=3)
    stop = threading.Event()
    new = follow_records(tmp_path, poll_s=0.01, stop=stop)
    everything = follow_records(tmp_path, existing=True, poll_s=0.01, stop=stop)
    write_part(tmp_path, NOON + timedelta(seconds=9), frames=7)
    assert [next(new)["pts"].nunique()] == [7]
    assert [next(everything)["pts"].nunique() for _ in range(2)] == [3, 7]
    stop.set()
    assert list(new) == []


def test_a_directory_may_appear_later_and_days_too(tmp_path: Path) -> None:
    out = tmp_path / "later"
    news = follow_records(out, poll_s=0.01)
    for days in range(3):
        write_part(out, NOON + timedelta(days=days), frames=4)
        rows = next(news)
        assert list(rows.columns) == RECORDS.names
        assert rows["captured_at"].min() == NOON + timedelta(days=days)


def test_a_video_that_is_analysed_anew_comes_again(tmp_path: Path) -> None:
    news = follow_records(tmp_path, poll_s=0.01)
    for count in (2, 3):
        write_records(tmp_path, video(), [tracked_frame(i, 1) for i in range(count)], NOON)
        assert len(next(news)) == count
