"""Options that several commands share: which faces count, and how they are smoothed."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fer_core.trust import FaceFilter

Smooth = Annotated[
    float, typer.Option("--smooth", metavar="S", help="Time constant in seconds; 0 is raw.")
]
MinSide = Annotated[
    float | None,
    typer.Option("--min-side", metavar="PX", help="Faces whose shorter side is that long."),
]
MinSharpness = Annotated[
    float | None, typer.Option("--min-sharpness", metavar="X", help="Faces as sharp as that.")
]
MaxYaw = Annotated[
    float | None, typer.Option("--max-yaw", metavar="DEG", help="Faces turned no further.")
]
MinScore = Annotated[
    float | None, typer.Option("--min-score", metavar="0-1", help="Faces found as surely.")
]


def face_filter(default: "FaceFilter", **given: float | None) -> "FaceFilter":
    """The default, with what was given on the command line in its place."""
    from dataclasses import replace

    return replace(default, **{name: v for name, v in given.items() if v is not None})
