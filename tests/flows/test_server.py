"""A server that is not there, two runs at once, and what leaves the machine: nothing."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, ROOT, environment, fer
from tests.real.ports import free_port

pytestmark = pytest.mark.real

CHEAP = ["--sample-fps", "1", "--no-render", "--device", "cpu", "--json"]


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
