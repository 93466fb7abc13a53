"""`fer export`: subtitles, CSV and JSON from the records."""

from typing import Annotated

import typer

from fer_core.cli.faces import (
    MaxYaw,
    MinScore,
    MinSharpness,
    MinSide,
    Smooth,
    face_filter,
)
from fer_core.cli.options import Debug, Directory


def export(
    directory: Directory,
    to: Annotated[
        str, typer.Option("--to", metavar="csv|srt|vtt|ass|json", help="What is written.")
    ],
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME", help="Only this video.")
    ] = None,
    smooth: Smooth = 0.5,
    min_side: MinSide = None,
    min_sharpness: MinSharpness = None,
    max_yaw: MaxYaw = None,
    min_score: MinScore = None,
    debug: Debug = False,
) -> None:
    """Write a file a video to DIR/exports: subtitles for players, tables for programs."""
    from fer_core.exports import export as run
    from fer_core.paths import printable
    from fer_core.trust import FaceFilter

    faces = face_filter(
        FaceFilter(),
        min_side=min_side,
        min_sharpness=min_sharpness,
        max_yaw=max_yaw,
        min_score=min_score,
    )
    files = run(directory, to, source or None, faces, smooth)
    for file in files:
        typer.echo(printable(file))
    if not files:
        typer.echo("nothing to export: no face was found", err=True)
