"""`fer publish`: make a model that `fer process` can use from a training run."""

from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import Debug


def publish(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's directory, as runs/NAME.")],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="Name of the model; replaces one so named."),
    ],
    models: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="Where models are kept."),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option("--robustness/--no-robustness", help="Measure perturbed faces too."),
    ] = True,
    debug: Debug = False,
) -> None:
    """Publish a run's best weights, with a model card and a README, as models/NAME."""
    from fer_core.resources import resource_dir
    from fer_core.training.publish import publish as make_model

    done = make_model(run, name, models or resource_dir("models"), robustness=robustness)
    typer.echo(f"published: {done.directory}, accuracy {done.evaluation.accuracy:.4f}")
