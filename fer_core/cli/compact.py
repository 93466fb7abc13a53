"""`fer compact`: many small part files into few."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import AsJson, Debug


def compact(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What fer tail writes to.")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Merge the part files of closed days (UTC) in DIR. Safe while a tail runs and others read."""
    from fer_core.streams.compact import compact as merge

    summary = merge(directory)
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    elif not summary.before:
        typer.echo("nothing to merge: no closed day has several part files")
    else:
        typer.echo(f"merged {summary.before} files into {summary.after}, {summary.rows} rows")
    for name in summary.damaged:
        typer.echo(f"left as it is, since it cannot be read: {name}", err=True)
    raise typer.Exit(1 if summary.damaged else 0)
