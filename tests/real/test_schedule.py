"""`fer schedule`: nights begin by themselves, and do what is new."""

import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fer_core import Engine, ProcessConfig, analyse, load_records
from fer_core.chunks import WORK, chunks_in_work
from fer_core.ledger import read_rows
from fer_core.settings import load_config
from fer_core.status import status
from tests.cli.command import COMMAND, ROOT, environment, fer
from tests.real.ports import free_port
from tests.real.prefect_api import ask, get

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

# What a night does first comes within a minute; the rest is for a machine with other work.
_PATIENCE_S = 280


SETTINGS = ["device=cpu", "chunk_s=2", "workers=1"]
WHOLE = load_config(ProcessConfig, None, ["device=cpu", "render.enabled=false"])
OPTIONS = [part for setting in SETTINGS for part in ("--set", setting)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schedule")


@pytest.fixture(scope="module")
def archive(home: Path, sample_videos: list[Path], engine: Engine) -> Path:
    """A directory with two videos, of which one is processed already."""
    directory = home / "archive"
    directory.mkdir()
    analyse(shutil.copy(sample_videos[0], directory / "first.mp4"), home / "out", engine, WHOLE)
    shutil.copy(sample_videos[0], directory / "second.mp4")
    return directory


@dataclass(frozen=True)
class Schedule:
    """One that fires every minute, with its own server.

    Args:
        process: `fer schedule`.
        api: URL of the server's API.
    """

    process: "subprocess.Popen[str]"
    api: str

    def stop(self) -> None:
        """Ends it as systemd does, and sees that nothing of it is left."""
        self.process.send_signal(signal.SIGTERM)
        _, told = self.process.communicate(timeout=_PATIENCE_S)
        assert self.process.returncode == 0, told
        with pytest.raises(OSError):
            urllib.request.urlopen(f"{self.api}/health", timeout=5)

    def begin_night(self) -> None:
        """One more at once; where the server is too busy for that, it comes with the minute."""
        with suppress(OSError):
            deployment = get(f"{self.api}/deployments/name/nightly/nightly")
            ask(f"{self.api}/deployments/{deployment['id']}/create_flow_run", {})

    def nights(self) -> list[dict[str, Any]]:
        """Those that are over, in order."""
        body = {"flows": {"name": {"any_": ["nightly"]}}, "sort": "EXPECTED_START_TIME_ASC"}
        try:
            runs = ask(f"{self.api}/flow_runs/filter", body)
        except OSError:  # the server is not there yet
            return []
        return [run for run in runs if run["end_time"] and run["start_time"]]

    def await_night(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + _PATIENCE_S
        while len(over := self.nights()) < count:
            assert time.monotonic() < deadline, f"{len(over)} of {count} nights"
            time.sleep(0.5)
        return over


@pytest.fixture(scope="module")
def schedule(home: Path, archive: Path) -> Iterator[Schedule]:
    port = free_port()
    places = ["--archive", str(archive), "--out", str(home / "out")]
    options = ["--cron", "* * * * *", "--timezone", "Europe/Berlin", "--port", str(port)]
    process = subprocess.Popen(
        [*COMMAND, "schedule", *places, *options, "--set", "select.settle_s=0", *OPTIONS],
        cwd=ROOT,
        env=environment(PREFECT_HOME=str(home / "prefect")),
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Schedule(process, f"http://127.0.0.1:{port}/api")
    try:
        yield running
        if process.poll() is None:
            running.stop()
    finally:
        process.kill()


def test_nights_begin_by_themselves_and_do_what_is_new(schedule: Schedule, home: Path) -> None:
    (before,) = read_rows(home / "out").values()
    (first, *_) = schedule.await_night(1)
    assert first["state"]["message"] == "2 ok, 0 partial, 0 failed"
    rows = read_rows(home / "out")
    assert len(rows) == 2
    assert rows[before.video_id] == before
    assert all(row.annotated is None for row in rows.values())
    assert (home / "out" / "report" / "index.html").is_file()

    schedule.begin_night()
    schedule.await_night(2)
    assert read_rows(home / "out") == rows


def test_a_night_that_is_ended_is_gone_on_with(
    schedule: Schedule, home: Path, archive: Path, face_clip: Path, engine: Engine
) -> None:
    """SIGTERM comes when the first of sixty chunks is done."""
    out, video = home / "out", archive / "long.mp4"
    video.hardlink_to(face_clip)  # all of it at once
    schedule.begin_night()
    deadline = time.monotonic() + _PATIENCE_S
    while not chunks_in_work(out):
        assert time.monotonic() < deadline, "no chunk was done"
        time.sleep(0.05)
    schedule.stop()

    stopped = status(out, [str(archive)])
    assert stopped.in_work.videos == 1
    assert 1 <= stopped.chunks_done < stopped.chunks == 60

    # Nothing holds the directory any more, and what is done stays done.
    went_on = fer("process", archive, "--out", out, "--no-render", "--json", *OPTIONS)
    assert (went_on.returncode, went_on.stderr) == (0, "")
    assert json.loads(went_on.stdout)["ok"] == 3
    assert not list((out / WORK).iterdir())

    analyse(video, home / "whole", engine, WHOLE)
    expected = load_records(home / "whole")
    found = load_records(out)
    found = found[found["source"] == str(video)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=2e-2)
