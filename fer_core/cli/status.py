"""`fer status`: what is done, and what is not yet."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_core.cli.options import AsJson, Debug

if TYPE_CHECKING:
    from fer_core.status import Share


def status(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What fer process writes to.")],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT", help="As for fer process, to see what is pending."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say what of DIR is done, partial, failed, in work, and of INPUT what is pending."""
    from fer_core.paths import to_path
    from fer_core.status import status as status_of

    found = status_of(to_path(str(directory)), inputs or [])
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    chunks = f"{found.chunks_done} of {found.chunks} chunks done" if found.chunks else ""
    lines = [
        _line("done", found.done),
        _line("partial", found.partial),
        _line("failed", found.failed),
        _line("in work", found.in_work, chunks),
    ]
    if found.pending is not None:
        lines.append(_line("pending", found.pending))
    typer.echo("\n".join(lines))


def _line(name: str, share: "Share", more: str = "") -> str:
    return f"{name:<8}{share.videos:>9,} videos {share.media_s / 3600:>11,.2f} h  {more}".rstrip()
