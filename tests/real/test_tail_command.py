"""`fer tail` as a person or a service runs it: signals, kills, and where passwords may not be."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from fer_core import load_records, load_streams
from tests.cli.command import COMMAND, ROOT, environment, fer
from tests.real.rtsp import Server, until
from tests.real.tailing import check_truth

pytestmark = pytest.mark.real

Serve = Callable[..., Server]
Start = Callable[..., subprocess.Popen[str]]

PARTS = "records/*/[!.]*.parquet"
BUSY_S = 10
"""For what is being looked at and written, on a machine with other work."""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `fer …` in the background; what still runs after the test is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path, **more: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [*COMMAND, *map(str, arguments)],
                cwd=ROOT,
                env=environment(**more),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def has_records(out: Path) -> bool:
    return any(out.glob(PARTS))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_open_part(
    serve: Serve, start: Start, face_clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    server, out = serve({"door": {"file": str(face_clip)}}), tmp_path / "out"
    process = start(
        "tail", server.url("door"), "--out", out, "--roll", "3600", "--sample-fps", "all"
    )
    until(lambda: any(out.glob("streams/*.parquet")))
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "1 part files" in said
    assert len(check_truth(out)) > 0
    assert list(load_streams(out)["ended"]) == ["stopped"]


def test_after_a_kill_all_parts_are_readable_and_the_open_one_is_missing(
    serve: Serve, start: Start, face_clip: Path, tmp_path: Path
) -> None:
    server, out = serve({"door": {"file": str(face_clip)}}), tmp_path / "out"
    process = start("tail", server.url("door"), "--out", out, "--roll", "1")
    until(lambda: len(list(out.glob(PARTS))) >= 3)
    killed_at = datetime.now(UTC)
    process.kill()
    process.wait()
    parts = list(out.glob(PARTS))
    rows = sum(pq.read_table(part).num_rows for part in parts)
    records = load_records(out)
    assert len(records) == rows > 0
    missing_s = (killed_at - records["captured_at"].max()).total_seconds()
    assert missing_s < 1 + BUSY_S
    [row] = load_streams(out).to_dict("records")
    assert pd.isna(row["ended"])  # nobody was there to say why
    assert row["frames_received"] > 0


def test_a_name_that_is_no_camera(tmp_path: Path) -> None:
    finished = fer("tail", "nobody", "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert "no camera 'nobody'" in finished.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [("--view-port", "70000"), ("--roll", "0")])
def test_numbers_that_cannot_be_used(tmp_path: Path, option: tuple[str, str]) -> None:
    finished = fer("tail", "rtsp://127.0.0.1:9/door", "--out", tmp_path / "out", *option)
    assert finished.returncode == 2
    assert option[0] in finished.stderr
    assert not (tmp_path / "out").exists()


def test_a_view_is_for_terminals_and_results_are_for_programs(
    serve: Serve, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    options = ["--out", tmp_path / "out", "--duration", "4", "--view", "--json", "--roll", "inf"]
    finished = fer("tail", server.url("door"), *options)
    assert "connected, h264, 640×360" in finished.stderr
    [result] = json.loads(finished.stdout)["cameras"]
    assert result["frames"] > 0
    assert (result["parts"], result["error"]) == (1, None)


def test_a_second_tail_of_a_camera_is_refused_there(
    serve: Serve, start: Start, face_clip: Path, tmp_path: Path
) -> None:
    server, out = serve({"door": {"file": str(face_clip)}}), tmp_path / "out"
    process = start("tail", server.url("door"), "--out", out)
    until(lambda: any(out.glob("streams/*.parquet")))
    second = fer("tail", server.url("door"), "--out", out)
    assert second.returncode == 2
    assert "another process records" in second.stderr
    process.kill()
    process.wait()
    assert fer("tail", server.url("door"), "--out", out, "--duration", "4").returncode == 0
    assert not list(out.glob(".*"))


def test_a_camera_that_never_answered_is_exit_code_1(tmp_path: Path) -> None:
    url = "rtsp://127.0.0.1:9/door"
    finished = fer("tail", url, "--out", tmp_path / "out", "--duration", "1", "--json")
    assert finished.returncode == 1
    [result] = json.loads(finished.stdout)["cameras"]
    assert result["error"].startswith("no frame came")
