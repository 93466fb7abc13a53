"""`fer forget`: removes a video, camera or day from a dataset."""

from datetime import date
from typing import Annotated

import typer

from fer_core.cli.options import Debug, Directory


def forget(
    directory: Directory,
    source: Annotated[
        str | None, typer.Option("--source", metavar="FILE", help="A video, as it was processed.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="All of a camera.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="All of a day, UTC.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Remove a video, a camera or a day from all that DIR holds. Recordings are not touched."""
    from fer_core.errors import InputError
    from fer_core.forget import forget as run
    from fer_core.paths import printable, to_path

    try:
        wanted = None if day is None else date.fromisoformat(day)
    except ValueError as error:
        raise InputError(f"expected a date such as 2026-11-02, got {day!r}") from error
    gone = run(directory, source, camera, wanted)
    typer.echo(str(gone))
    for name in gone.sources:
        typer.echo(f"  {printable(to_path(name))}")
