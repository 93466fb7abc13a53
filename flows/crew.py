"""Who does the tasks of a run: threads of this process, or workers of Dask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from prefect import Task
from prefect.futures import PrefectFuture

from fer_core.batch import worker_count
from fer_core.config import ProcessConfig
from fer_core.errors import ClusterError
from fer_core.worker.work import LoadNetworks
from flows.worker import worker


class Crew(Protocol):
    """Takes tasks; the networks are wherever these are done."""

    @property
    def size(self) -> int:
        """How many tasks can be at work now; at least one."""
        ...

    @property
    def is_spread(self) -> bool:
        """Whether tasks may be done on several machines."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether nothing is heard of a task before its end."""
        ...

    def load(self, config: ProcessConfig) -> None:
        """Loads the networks, so that a missing model or device ends the run before any video.

        Raises:
            ModelError, ConfigError: a model is missing or damaged, or the device does not exist.
            ClusterError: the same, or something else that keeps a worker from working.
        """
        ...

    def submit(self, task: Task[..., Any], **parameters: Any) -> PrefectFuture[Any]:
        """Has a task done."""
        ...

    def dismiss(self) -> None:
        """Ends what is at work, at its next frame."""
        ...


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process, which share one worker process; they look at the session.

    Args:
        size: how many tasks are at work at a time.
    """

    size: int
    is_spread: bool = False
    is_elsewhere: bool = False

    def load(self, config: ProcessConfig) -> None:
        worker().run(LoadNetworks(config))

    def submit(self, task: Task[..., Any], **parameters: Any) -> PrefectFuture[Any]:
        return task.submit(**parameters)

    def dismiss(self) -> None:
        """They look at the session."""


@contextmanager
def crew_for(config: ProcessConfig) -> Iterator[Crew]:
    """The crew that `config.runner` names, for as long as the block lasts; within a flow.

    Raises:
        ClusterError: Dask is not installed, or the scheduler cannot be reached or has no workers.
    """
    if config.runner == "local":
        yield Threads(worker_count(config))
        return
    try:
        from flows.cluster import dask_crew
    except ImportError as error:
        raise ClusterError(
            f"runner {config.runner}: Dask is not installed ({error}); install the extra dask: "
            'pip install -c constraints.txt ".[dask]"'
        ) from error
    with dask_crew(config) as crew:
        yield crew
