"""`fer process` when native code ends its worker process, by real signals in mid-video."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from fer_core.types import VideoRef
from tests.cli.command import COMMAND, ROOT, environment, fer

OPTIONS = ["--sample-fps", "all", "--no-render", "--device", "cpu", "--json"]
OPTIONS += ["--workers", "2", "--set", "report.enabled=false"]
LONG_S = 240.0

pytestmark = pytest.mark.timeout(600)

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample_videos: list[Path]) -> Path:
    directory = tmp_path_factory.mktemp("recordings")
    for number, video in enumerate(sample_videos):
        shutil.copy(video, directory / f"{number}.mp4")
    return directory


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> pa.Table:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert fer("process", folder, "--out", out, *OPTIONS).returncode == 0
    return records(out)


def records(out: Path) -> pa.Table:
    order = [(name, "ascending") for name in ("video_id", "pts", "face_index")]
    return ds.dataset(out / "records").to_table().sort_by(order)


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, "process", str(folder), "--out", str(tmp_path / "out"), *OPTIONS],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with process, suppress(ProcessLookupError):  # whatever outlives a kill
            os.killpg(process.pid, signal.SIGKILL)


def stopped_at(video: Path, out: Path, former: int = 0) -> int:
    """Waits until a worker is at a video, stops it there, and returns its process id."""
    name = f"{VideoRef.of(video).video_id}.parquet"
    pattern = f"records/*/.*-{hashlib.sha256(name.encode()).hexdigest()[:16]}.*.part.parquet"
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        for unfinished in out.glob(pattern):
            pid = int(unfinished.name.split(".")[2])
            if pid != former:
                os.kill(pid, signal.SIGSTOP)
                assert unfinished.exists(), "it was through before it could be stopped"
                return pid
        time.sleep(0.002)
    raise AssertionError(f"no worker was at {video}")


def crash(pid: int) -> None:
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)


def test_a_crash_ends_no_run_and_leaves_the_same_records(
    start: Start, folder: Path, tmp_path: Path, undisturbed: pa.Table
) -> None:
    out = tmp_path / "out"
    run = start()
    crash(stopped_at(folder / "0.mp4", out))
    stdout, stderr = run.communicate(timeout=280)
    assert (run.returncode, stderr) == (0, "")
    assert json.loads(stdout)["ok"] == 3
    assert records(out).equals(undisturbed)
    assert not list(out.rglob(".*"))


def test_a_video_that_crashes_it_twice_fails_alone(
    start: Start, folder: Path, tmp_path: Path, undisturbed: pa.Table
) -> None:
    out, video = tmp_path / "out", folder / "1.mp4"
    run = start()
    first = stopped_at(video, out)
    crash(first)
    crash(stopped_at(video, out, first))
    stdout, _ = run.communicate(timeout=280)
    summary = json.loads(stdout)
    assert (run.returncode, summary["ok"], summary["failed"]) == (1, 2, 1)
    [problem] = summary["problems"]
    assert problem["source"] == str(video)
    assert "crashed twice (signal 11)" in problem["error"]
    others = undisturbed.filter(ds.field("video_id") != VideoRef.of(video).video_id)
    assert records(out).equals(others)
    assert not list(out.rglob(".*"))


def test_a_worker_does_not_outlive_its_parent(start: Start, folder: Path, tmp_path: Path) -> None:
    run = start()
    worker = stopped_at(folder / "0.mp4", tmp_path / "out")
    run.kill()
    assert run.wait(60) == -signal.SIGKILL
    os.kill(worker, signal.SIGCONT)
    deadline = time.monotonic() + LONG_S
    while is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(worker)


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only its exit code for nobody to read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
