"""Starts and stops a real scheduler of Dask and its workers, on loopback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import distributed

from tests.cli.command import environment

_START_S = 120.0
_PATIENCE_S = 600.0
_LOOPBACK = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
_WORKER = ["--nthreads", "2", "--memory-limit", "0", "--preload", "flows", "--no-nanny"]
"""As the docs have it; but what is killed is to stay dead, so there is no nanny."""


class Cluster:
    """A scheduler and its workers; these stand in a directory of their own.

    Args:
        directory: for what they write.
        workers: how many, of which each does two tasks at a time.
    """

    def __init__(self, directory: Path, workers: int) -> None:
        self._directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []
        where = directory / "scheduler.json"  # it takes a free port and says which
        self._start("scheduler", "--port", "0", "--scheduler-file", str(where))
        self.client = distributed.Client(
            scheduler_file=str(where), timeout=_START_S, set_as_default=False
        )
        assert self.client.scheduler is not None
        self.address = self.client.scheduler.address
        for _ in range(workers):
            self._start("worker", self.address, *_WORKER)
        if workers:
            self.client.wait_for_workers(workers, timeout=_START_S)

    def at_work(self) -> dict[str, int]:
        """How many tasks each worker has."""
        return {address: len(tasks) for address, tasks in self.client.processing().items()}

    def pid(self, address: str) -> int:
        return self.client.run(os.getpid, workers=[address])[address]

    def close(self) -> None:
        with suppress(Exception):  # it is not what is tested, and must not keep the rest alive
            self.client.close(timeout=10)
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, command: str, *options: str) -> None:
        name = f"{command}-{len(self._processes)}"
        more = {
            "PREFECT_HOME": str(self._directory / "prefect"),
            "DASK_TEMPORARY_DIRECTORY": str(self._directory),
        }
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", command, *options, *_LOOPBACK],
                cwd=self._directory,
                env=environment(**more),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)


@contextmanager
def running(directory: Path, workers: int) -> Iterator[Cluster]:
    """A cluster, as long as the block lasts."""
    cluster = Cluster(directory, workers)
    try:
        yield cluster
    finally:
        cluster.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Returns when something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
