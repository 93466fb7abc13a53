"""`fer doctor`: what to paste into a bug report."""

import json
from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Print versions, devices, codecs, models and the Prefect server in use."""
    from fer_core.doctor import as_text, examine
    from flows.server import describe_server

    facts = {**examine(), "prefect": {"server": describe_server()}}
    typer.echo(json.dumps(facts) if as_json else as_text(facts))
