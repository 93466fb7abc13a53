"""Part files are merged, and nobody who reads meanwhile misses or doubles a row."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fer_core import load_records, load_streams, locks, timeline
from fer_core.cli.main import app
from fer_core.errors import InUse, RecordsError
from fer_core.listing import merged_from
from fer_core.queries.sql import query
from fer_core.schema import SCHEMA_VERSION
from fer_core.streams.compact import compact
from fer_core.streams.follow import follow_records
from fer_core.streams.log import StreamLog
from tests.cli.command import ROOT, environment
from tests.examples import tracked_frame, video, write_records
from tests.real.rtsp import until
from tests.streams.parts import IDS, write_part

DAY = datetime(2026, 11, 1, 9, tzinfo=UTC)
TODAY = datetime(2026, 11, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def write_day(out: Path, parts: int, day: datetime = DAY, camera: str = "door") -> None:
    for number in range(parts):
        write_part(out, day + number * MINUTE, camera=camera)


def files(out: Path, day: str = "2026-11-01") -> list[str]:
    return sorted(path.name for path in (out / "records" / f"date={day}").glob("[!.]*.parquet"))


def test_a_closed_day_becomes_one_file_a_camera_with_the_same_rows(tmp_path: Path) -> None:
    write_day(tmp_path, 20)
    write_day(tmp_path, 3, camera="yard")
    write_records(tmp_path, video(), [tracked_frame(0, 2)], DAY)
    before = load_records(tmp_path)
    summary = compact(tmp_path, TODAY)
    assert (summary.before, summary.after) == (23, 2)
    merged = ["door-20261101-1.merged.parquet", "yard-20261101-1.merged.parquet"]
    assert files(tmp_path) == sorted([f"{video().video_id}.parquet", *merged])
    pd.testing.assert_frame_equal(load_records(tmp_path), before)
    file = tmp_path / "records" / "date=2026-11-01" / merged[0]
    metadata = pq.read_schema(file).metadata
    assert metadata[b"clock"] == b"arrival"
    assert metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()
    assert sum(rows for _, rows in merged_from(file)) == pq.read_metadata(file).num_rows
    assert compact(tmp_path, TODAY).before == 0


def test_a_day_is_closed_two_hours_after_its_end(tmp_path: Path) -> None:
    write_day(tmp_path, 3)
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    assert compact(tmp_path, midnight + timedelta(hours=1.9)).before == 0
    assert compact(tmp_path, midnight + timedelta(hours=2.1)).before == 3


def test_late_parts_join_what_was_merged(tmp_path: Path) -> None:
    write_day(tmp_path, 3)
    compact(tmp_path, TODAY)
    write_part(tmp_path, DAY - MINUTE)
    before = load_records(tmp_path)
    compact(tmp_path, TODAY)
    assert files(tmp_path) == ["door-20261101-2.merged.parquet"]
    pd.testing.assert_frame_equal(load_records(tmp_path), before)


def test_other_settings_stay_in_a_file_of_their_own(tmp_path: Path) -> None:
    write_day(tmp_path, 2)
    for number in (5, 6):
        write_part(tmp_path, DAY + number * MINUTE, ids=replace(IDS, settings_hash="other"))
    assert (compact(tmp_path, TODAY).after, len(files(tmp_path))) == (2, 2)


def test_tails_stay_apart_so_that_their_tracks_do(tmp_path: Path) -> None:
    write_day(tmp_path, 3)
    for number in (5, 6):
        write_part(tmp_path, DAY + number * MINUTE, began=DAY)
    before = timeline(tmp_path, every="10s", by="track", smooth_s=0)
    assert (compact(tmp_path, TODAY).after, len(files(tmp_path))) == (2, 2)
    pd.testing.assert_frame_equal(timeline(tmp_path, every="10s", by="track", smooth_s=0), before)


def test_sql_finds_what_a_tail_wrote(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="holds no dataset"):
        query(tmp_path, "FROM records")
    write_day(tmp_path, 3)
    log = StreamLog(tmp_path / "streams", "v", "door")
    log.begin().frames_received = 7
    log.end("stalled")
    sql = "SELECT ended, (SELECT count(*) FROM records) AS rows, (SELECT count(*) FROM videos) AS v"
    [row] = query(tmp_path, f"{sql} FROM streams").read_all().to_pylist()
    assert row == {"ended": "stalled", "rows": len(load_records(tmp_path)), "v": 0}


def test_a_damaged_part_is_left_and_told(tmp_path: Path) -> None:
    write_day(tmp_path, 3)
    damaged = tmp_path / "records" / "date=2026-11-01" / "door-20261101T120000.000Z.parquet"
    damaged.write_bytes(b"PAR1 and then nothing")
    summary = compact(tmp_path, TODAY)
    assert (summary.before, summary.damaged) == (3, (str(damaged),))
    assert damaged.exists()


def test_rows_of_connections_are_merged_once_they_have_ended(tmp_path: Path) -> None:
    log = StreamLog(tmp_path / "streams", "v", "door")
    for kind in ("refused", "ended", "broken"):
        log.begin().frames_received = 7
        log.end(kind)
    log.begin().frames_received = 9
    log.save()
    before = load_streams(tmp_path)
    assert compact(tmp_path, datetime.now(UTC) + timedelta(days=2)).before == 3
    assert len(list((tmp_path / "streams").iterdir())) == 2
    pd.testing.assert_frame_equal(load_streams(tmp_path), before)


def test_readers_and_followers_see_every_row_once_while_it_runs(tmp_path: Path) -> None:
    days = [DAY - timedelta(days=number) for number in range(6)]
    for day in days:
        write_day(tmp_path, 12, day)
    stop = threading.Event()
    readers: dict[str, Callable[[], int]] = {
        "load_records": lambda: len(load_records(tmp_path, columns=["pts"])),
        "query": lambda: (
            query(tmp_path, "SELECT count(pts) AS n FROM records").read_all()["n"][0].as_py()
        ),
        "timeline": lambda: timeline(tmp_path, every=None, by="camera", smooth_s=0)["faces"].sum(),
    }
    expected = {name: read() for name, read in readers.items()}
    counts: dict[str, list[int]] = {name: [] for name in readers}
    followed: list[pd.DataFrame] = []

    def follow() -> None:
        followed.extend(follow_records(tmp_path, existing=True, poll_s=0.001, stop=stop))

    def ask(name: str) -> None:
        while not stop.is_set():
            counts[name].append(readers[name]())

    threads = [threading.Thread(target=ask, args=[name]) for name in readers]
    threads.append(threading.Thread(target=follow))
    for thread in threads:
        thread.start()
    try:
        compact(tmp_path, TODAY)
        done = {name: len(counts[name]) for name in readers}
        until(lambda: all(len(counts[name]) >= done[name] + 2 for name in readers))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {name: set(seen) for name, seen in counts.items()} == {
        name: {count} for name, count in expected.items()
    }
    seen = pd.concat(followed)
    assert len(seen) == expected["load_records"]
    assert not seen.duplicated(["video_id", "pts", "face_index"]).any()


COMPACT = """
import sys
from datetime import UTC, datetime
from fer_core.streams.compact import compact
print("ready", flush=True)
compact(sys.argv[1], datetime(2026, 11, 3, 12, tzinfo=UTC))
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_in_its_middle_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    for number in range(3):
        write_day(tmp_path, 15, DAY - timedelta(days=number))
    before = load_records(tmp_path)
    command = [sys.executable, "-c", COMPACT, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env=environment(), text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.15))
        process.kill()
    pd.testing.assert_frame_equal(load_records(tmp_path), before)
    compact(tmp_path, TODAY)
    assert files(tmp_path) == ["door-20261101-1.merged.parquet"]
    pd.testing.assert_frame_equal(load_records(tmp_path), before)


def test_what_was_merged_but_not_removed_is_hidden_and_then_removed(tmp_path: Path) -> None:
    write_day(tmp_path, 4)
    directory = tmp_path / "records" / "date=2026-11-01"
    kept = {path.name: path.read_bytes() for path in directory.iterdir()}
    before = load_records(tmp_path)
    compact(tmp_path, TODAY)
    for name in list(kept)[1:]:  # as after a kill in the middle of removing
        (directory / name).write_bytes(kept[name])
    pd.testing.assert_frame_equal(load_records(tmp_path), before)
    assert compact(tmp_path, TODAY).before == 0
    assert files(tmp_path) == ["door-20261101-1.merged.parquet"]


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    write_day(tmp_path, 2)
    with (
        locks.alone(tmp_path, locks.COMPACT),
        pytest.raises(InUse, match=f"by process {os.getpid()} on"),
    ):
        compact(tmp_path, TODAY)
    assert compact(tmp_path, TODAY).before == 2


def test_the_command(tmp_path: Path) -> None:
    write_day(tmp_path, 3)
    result = CliRunner().invoke(app, ["compact", str(tmp_path)])
    assert (result.exit_code, result.stdout.split(",")[0]) == (0, "merged 3 files into 1")
    again = CliRunner().invoke(app, ["compact", str(tmp_path)])
    assert "nothing to merge" in again.stdout
