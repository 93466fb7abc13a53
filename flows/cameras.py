"""Flows that take cameras: by their names, as Prefect keeps and shows what a flow is given."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Annotated, Any, ParamSpec, TypeVar

from prefect import Flow
from prefect.runtime import deployment
from pydantic import WithJsonSchema

from fer_core.streams.camera import NAME, only_names
from flows.server import Server

P = ParamSpec("P")
R = TypeVar("R")

# Prefect's server holds runs of a deployment to this pattern. Checked here by pydantic, its error
# would repeat what was given.
CameraNames = list[Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]]


class CameraFlow(Flow[P, R]):
    """A flow whose parameter `cameras` holds names. Else it is refused before Prefect sees it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs it. An embedded server is kept from Ctrl-C: how the run ended is told to it."""
        server = Server()
        server.start()
        server.wait()
        return super().__call__(*args, **kwargs)

    def serialize_parameters(
        self, parameters: dict[str, Any], *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """What Prefect keeps of the parameters.

        Raises:
            InputError: a camera is no name; it is not repeated, as it may hold a password.
        """
        only_names(parameters["cameras"])
        return super().serialize_parameters(parameters, *args, **kwargs)


def camera_flow(name: str) -> Callable[[Callable[P, R]], CameraFlow[P, R]]:
    """Makes a function a `CameraFlow` of this name."""

    def decorate(function: Callable[P, R]) -> CameraFlow[P, R]:
        return CameraFlow(function, name=name, persist_result=False, validate_parameters=True)

    return decorate


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """While entered, SIGINT and SIGTERM set `stop`: files are finished and the run completes.

    The second of them does what it did before. So it is where a flow is called. A deployment's
    run is left to Prefect: its own handlers finish the files, too, and end it as cancelled.
    """
    if threading.current_thread() is not threading.main_thread() or deployment.id is not None:
        yield
        return
    with ExitStack() as handlers:

        def on_signal(number: int, frame: FrameType | None) -> None:
            stop.set()
            handlers.close()

        for number in (signal.SIGINT, signal.SIGTERM):
            handlers.callback(signal.signal, number, signal.signal(number, on_signal))
        yield
