"""`fer doctor`: what to paste into a bug report."""

import json

import typer

from fer_core.cli.options import AsJson, Debug


def doctor(
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Print versions, devices, codecs, models and the Prefect server in use."""
    from fer_core.doctor import as_text, examine
    from flows.server import describe_server

    facts = {**examine(), "prefect": {"server": describe_server()}}
    typer.echo(json.dumps(facts) if as_json else as_text(facts))
