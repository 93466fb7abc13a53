"""Workers of Dask as the crew of a run, on this machine or on several.

What goes to them are paths, times and settings. Each worker starts a supervised process of its own
for its work, as `fer process` does, which loads the networks there and ends with it. A task whose
worker dies is done again by another: Dask sees to that.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import distributed
from prefect import Task
from prefect.client.orchestration import get_client
from prefect.futures import PrefectFuture
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_dask.task_runners import DaskTaskRunner

from fer_core.batch import worker_count
from fer_core.config import ProcessConfig
from fer_core.engine import ModelIds
from fer_core.errors import ClusterError, FerError
from fer_core.worker.work import LoadNetworks
from flows.worker import worker

_PATIENCE_S = 30
"""For a scheduler that does not answer, and for workers that are just being started."""


@contextmanager
def dask_crew(config: ProcessConfig) -> Iterator["Cluster"]:
    """The workers of a running scheduler, or those of a new cluster on this machine.

    Raises:
        ClusterError: the scheduler cannot be reached, or has no workers.
    """
    address = config.runner.partition(":")[2]
    api = str(get_client(sync_client=True).api_url).rstrip("/")
    # Settings travel with tasks: without this, workers would each start a server of their own.
    with temporary_settings({PREFECT_API_URL: api}), _runner(address, config) as runner:
        cluster = Cluster(runner, config, api, address)
        cluster.await_workers()
        yield cluster


def _runner(address: str, config: ProcessConfig) -> DaskTaskRunner:
    client: dict[str, Any] = {"timeout": _PATIENCE_S}
    if address:
        return DaskTaskRunner(address=address, client_kwargs=client)
    # One task a process: what could share one is for `local`. Dask's limit of memory would count
    # the process that waits, not the one that works.
    here: dict[str, Any] = {
        "n_workers": worker_count(config),
        "threads_per_worker": 1,
        "memory_limit": 0,
        "dashboard_address": "127.0.0.1:0",
    }
    return DaskTaskRunner(cluster_kwargs=here, client_kwargs=client)


class Cluster:
    """The workers that a scheduler has, which may come and go.

    Args:
        runner: Prefect's, started.
        config: of which `workers`, if set, is the most tasks at a time.
        api: URL of the Prefect server that workers report to.
        address: of the scheduler; empty for a cluster of this run's own.

    Raises:
        ClusterError: the scheduler cannot be reached.
    """

    is_elsewhere = True

    def __init__(
        self, runner: DaskTaskRunner, config: ProcessConfig, api: str, address: str
    ) -> None:
        self._runner, self._most, self._api = runner, config.workers, api
        self._address = address
        self._futures: set[distributed.Future] = set()
        # Ctrl-C reaches all processes of a terminal; those that are started here must not end
        # before they are told to. A blocked signal is inherited.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            # (Any: typed as if all its methods were coroutines.)
            self._client: Any = runner.client
        except (OSError, ValueError, RuntimeError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({_told(error)}); start one with "
                "`dask scheduler`, or name another with --runner dask:ADDRESS"
                if address
                else f"no Dask workers can be started on this machine ({_told(error)})"
            ) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def size(self) -> int:
        try:
            slots = sum(self._client.nthreads().values())
        except OSError as error:
            raise ClusterError(f"the Dask scheduler at {self._address} is gone: {error}") from error
        return max(1, min(slots, self._most or slots))

    @property
    def is_spread(self) -> bool:
        return bool(self._address)

    def await_workers(self) -> None:
        """Returns when there is a worker.

        Raises:
            ClusterError: there is none.
        """
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise ClusterError(
                f"the Dask scheduler at {self._address} has no workers; start some with "
                f"`dask worker {self._address}`"
            ) from error

    def load(self, config: ProcessConfig) -> None:
        expected = ModelIds.of(config).settings_hash
        found = self._client.run(_get_ready, config, self._api, on_error="return")
        for address, result in found.items():
            if isinstance(result, OSError):  # it has just died, and its tasks are for others
                continue
            if isinstance(result, BaseException):
                raise ClusterError(f"worker {address}: {_told(result)}") from result
            if result != expected:
                raise ClusterError(
                    f"worker {address} has other models or another version than this machine; "
                    "install the same on both"
                )

    def submit(self, task: Task[..., Any], **parameters: Any) -> PrefectFuture[Any]:
        future = self._runner.submit(task, parameters)
        self._futures.add(future.wrapped_future)
        future.wrapped_future.add_done_callback(self._futures.discard)
        return future

    def dismiss(self) -> None:
        self._client.cancel(list(self._futures))


def _told(error: BaseException) -> str:
    if isinstance(error, FerError):
        return str(error)
    if isinstance(error, ImportError):
        return f"{error}; install the same version of this project there"
    return f"{type(error).__name__}: {error}"


async def _get_ready(config: ProcessConfig, api: str) -> str:
    """Runs in each worker: what it makes its records with, once its networks are loaded."""
    return await asyncio.to_thread(_load, config, api)


def _load(config: ProcessConfig, api: str) -> str:
    with temporary_settings({PREFECT_API_URL: api}):
        if error := get_client(sync_client=True).api_healthcheck():
            raise ClusterError(
                f"cannot reach the Prefect server at {api} ({error}); set PREFECT_API_URL, where "
                "the run is started, to a server that all workers reach"
            )
    worker().run(LoadNetworks(config))
    return ModelIds.of(config).settings_hash
