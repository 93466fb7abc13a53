"""Flows that take cameras: by their names, as Prefect keeps and shows what a flow is given."""

from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

from prefect import Flow
from pydantic import WithJsonSchema

from fer_core.streams.camera import NAME, only_names

P = ParamSpec("P")
R = TypeVar("R")

# Prefect's server holds runs of a deployment to this pattern. Checked here by pydantic, its error
# would repeat what was given.
CameraNames = list[Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]]


class CameraFlow(Flow[P, R]):
    """A flow whose parameter `cameras` holds names. Else it is refused before Prefect sees it."""

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
