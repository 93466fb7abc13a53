"""`fer schedule`: nights begin by themselves, and do what is new."""

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_core.ledger import read_rows
from tests.cli.command import COMMAND, ROOT, environment, fer

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

# What a night does first comes within a minute; the rest is for a machine with other work.
_PATIENCE_S = 280


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def archive(tmp_path: Path, sample_videos: list[Path]) -> Path:
    """A directory with two videos, of which one is processed already."""
    directory = tmp_path / "archive"
    directory.mkdir()
    shutil.copy(sample_videos[0], directory / "first.mp4")
    settings = ["--no-render", "--sample-fps", "1", "--device", "cpu"]
    done = fer("process", directory, "--out", tmp_path / "out", *settings)
    assert done.returncode == 0, done.stderr
    shutil.copy(sample_videos[0], directory / "second.mp4")
    return directory


@pytest.fixture
def api(tmp_path: Path, archive: Path) -> Iterator[str]:
    """A schedule that fires every minute, with its own server; yields the URL of its API."""
    port = free_port()
    places = ["--archive", str(archive), "--out", str(tmp_path / "out")]
    options = ["--cron", "* * * * *", "--timezone", "Europe/Berlin", "--port", str(port)]
    settings = ["--set", "select.settle_s=0", "--set", "device=cpu", "--set", "sample.fps=1"]
    process = subprocess.Popen(
        [*COMMAND, "schedule", *places, *options, *settings],
        cwd=ROOT,
        env=environment(PREFECT_HOME=str(tmp_path / "prefect")),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5)


def nights(api: str) -> list[dict[str, Any]]:
    """The nights that are over, in order."""
    body = {"flows": {"name": {"any_": ["nightly"]}}, "sort": "EXPECTED_START_TIME_ASC"}
    request = urllib.request.Request(
        f"{api}/flow_runs/filter",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            runs = json.load(response)
    except OSError:  # the server is not there yet
        return []
    return [run for run in runs if run["end_time"] and run["start_time"]]


def await_night(api: str, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _PATIENCE_S
    while len(over := nights(api)) < count:
        assert time.monotonic() < deadline, f"{len(over)} of {count} nights"
        time.sleep(0.5)
    return over


def test_nights_begin_by_themselves_and_do_what_is_new(api: str, tmp_path: Path) -> None:
    (before,) = read_rows(tmp_path / "out").values()
    (first, *_) = await_night(api, 1)
    assert first["state"]["message"] == "2 ok, 0 partial, 0 failed"
    rows = read_rows(tmp_path / "out")
    assert len(rows) == 2
    assert rows[before.video_id] == before
    assert all(row.annotated is None for row in rows.values())
    assert (tmp_path / "out" / "report" / "index.html").is_file()

    await_night(api, 2)
    assert read_rows(tmp_path / "out") == rows
