"""Dask's workers do what one machine does, and more of them than survive."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

import flows.cluster
from fer_core.chunks import WORK
from fer_core.config import ProcessConfig
from fer_core.errors import ClusterError
from fer_core.ledger import read_rows
from flows.crew import crew_for
from tests.cli.kills import check_same, make_inputs, start
from tests.real.dask_cluster import Cluster, running, wait_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

SMALL = 3
MANY_CHUNKS = ["--set", "chunk_s=0.5"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("dask"), workers=2) as cluster:
        yield cluster


@contextmanager
def started(folder: Path, out: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """A run that is gone with the block, too, if the test fails."""
    process = start(folder, out, *more)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def kill_a_worker_at_work(cluster: Cluster, process: "subprocess.Popen[str]") -> None:
    """Kills a worker that cannot tell any more that it is done."""
    while process.poll() is None:
        address = max(cluster.at_work().items(), key=lambda one: one[1])[0]
        pid = cluster.pid(address)
        os.kill(pid, signal.SIGSTOP)
        if cluster.at_work()[address]:
            os.kill(pid, signal.SIGKILL)
            return
        os.kill(pid, signal.SIGCONT)


def test_two_workers_of_which_one_is_killed_give_what_one_machine_gives(
    cluster: Cluster, sample_videos: list[Path], tmp_path: Path
) -> None:
    folder = make_inputs(sample_videos, tmp_path / "in", SMALL)
    process = start(folder, tmp_path / "expected", *MANY_CHUNKS)
    said, _ = process.communicate()
    assert process.returncode == 0, said

    out = tmp_path / "out"
    with started(folder, out, *MANY_CHUNKS, "--runner", f"dask:{cluster.address}") as process:
        wait_until(lambda: any((out / WORK).rglob("*.parquet")) or process.poll() is not None)
        assert len(cluster.at_work()) == 2
        kill_a_worker_at_work(cluster, process)
        said, _ = process.communicate()
    assert process.returncode == 0, said
    assert len(cluster.at_work()) == 1
    check_same(out, tmp_path / "expected", SMALL)
    assert not list((out / WORK).iterdir())
    assert not list(out.rglob("*.part*"))


def test_ctrl_c_ends_what_workers_are_at(cluster: Cluster, face_clip: Path, tmp_path: Path) -> None:
    whole = ["--sample-fps", "all", "--set", "chunk_s=600"]
    runner = ["--runner", f"dask:{cluster.address}"]
    with started(face_clip, tmp_path / "out", *whole, *runner) as process:
        wait_until(lambda: any(cluster.at_work().values()) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate()
    assert process.returncode == 130, told
    wait_until(lambda: not any(cluster.client.run(tasks_at_work).values()))
    assert not read_rows(tmp_path / "out")


def tasks_at_work(dask_worker: object) -> int:
    return len(dask_worker.state.tasks)  # type: ignore[attr-defined]


def test_a_cluster_of_its_own(sample_videos: list[Path], tmp_path: Path) -> None:
    mine = ["--runner", "dask", "--workers", "1"]
    with started(sample_videos[0], tmp_path / "out", *mine) as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said
    assert said.startswith("1 ok, 0 partial, 0 failed;")
    (row,) = read_rows(tmp_path / "out").values()
    assert row.status == "ok"


def test_a_scheduler_without_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.cluster, "_PATIENCE_S", 1)
    with running(tmp_path, workers=0) as empty:
        config = ProcessConfig(runner=f"dask:{empty.address}")
        with (
            temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),  # it is not asked
            pytest.raises(ClusterError, match=rf"no workers.* `dask worker {empty.address}`"),
            crew_for(config),
        ):
            pass


def test_a_worker_that_does_not_reach_the_prefect_server_is_named(cluster: Cluster) -> None:
    config = ProcessConfig(runner=f"dask:{cluster.address}")
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        crew_for(config) as crew,
        pytest.raises(ClusterError, match=r"worker tcp://.*: cannot reach .*; set PREFECT_API_URL"),
    ):
        crew.load(config)
