"""Runs on a real Prefect server, two runs at once, and what leaves the machine: nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, ROOT, environment, fer

pytestmark = pytest.mark.real

CHEAP = ["--sample-fps", "1", "--no-render", "--device", "cpu", "--json"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str, body: dict | None = None) -> list | dict | str:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """`prefect server start` on loopback, with a home of its own; yields its API's URL."""
    home, port = tempfile.mkdtemp(prefix="fer-prefect-server-"), free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", *command],
        env=environment(
            PREFECT_HOME=home, PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1"
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                ask(f"{url}/health")
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.3)
        yield url
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def test_runs_show_up_on_the_server_that_is_set(
    server: str, sample_videos: list[Path], tmp_path: Path
) -> None:
    shutil.copy(sample_videos[0], tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").touch()
    result = fer("process", tmp_path, "--out", tmp_path / "out", *CHEAP, PREFECT_API_URL=server)
    assert (result.returncode, result.stderr) == (1, "")

    (run,) = ask(f"{server}/flow_runs/filter", {})
    assert run["state"]["name"] == "Completed with failures"
    assert run["state"]["message"] == "1 ok, 0 partial, 1 failed"
    assert run["parameters"]["inputs"] == [str(tmp_path)]
    states = _task_states(server)
    assert states == {"good.mp4": "COMPLETED", "bad.mp4": "FAILED"}


def _task_states(server: str) -> dict[str, str]:
    """Task runs reach the database through a queue of events, a moment later."""
    deadline = time.monotonic() + 30
    while True:
        tasks = ask(f"{server}/task_runs/filter", {})
        states = {task["name"]: task["state_type"] for task in tasks}
        if set(states.values()) <= {"COMPLETED", "FAILED"} and len(states) == 2:
            return states
        assert time.monotonic() < deadline, states
        time.sleep(0.3)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path, sample_videos: list[Path]) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    result = fer(
        "process", sample_videos[0], "--out", tmp_path / "out", *CHEAP, PREFECT_API_URL=url
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert url in result.stderr


def test_two_runs_at_once_on_a_new_database(tmp_path: Path, sample_videos: list[Path]) -> None:
    home = str(tmp_path / "prefect")

    def process(name: str) -> subprocess.CompletedProcess[str]:
        out = tmp_path / name
        return fer("process", sample_videos[0], "--out", out, *CHEAP, PREFECT_HOME=home)

    with ThreadPoolExecutor() as pool:
        for result in pool.map(process, ["a", "b"]):
            assert (result.returncode, result.stderr) == (0, "")


def test_nothing_connects_to_another_machine(tmp_path: Path, sample_videos: list[Path]) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace to see connections")
    log = tmp_path / "connections"
    subprocess.run(
        [
            *[strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(log)],
            *[*COMMAND, "process", str(sample_videos[0]), "--out", str(tmp_path / "out"), *CHEAP],
        ],
        cwd=ROOT,
        env={**environment(), "PREFECT_HOME": str(tmp_path / "prefect"), "CI": ""},
        check=True,
        capture_output=True,
    )
    calls = [line for line in log.read_text().splitlines() if "sa_family=AF_INET" in line]
    assert calls, "the embedded server is reached over loopback"
    foreign = [call for call in calls if '"127.0.0.1"' not in call and '"::1"' not in call]
    assert not foreign, os.linesep.join(foreign)
