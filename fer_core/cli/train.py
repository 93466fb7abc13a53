"""`fer train`: train the emotion classifier."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="YAML file, such as configs/train.yaml."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as epochs=60."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings as YAML and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Train a classifier; the run is kept in runs/NAME, and may be stopped and resumed.

    KERAS_BACKEND=tensorflow, jax or torch chooses what computes.
    """
    import logging

    from fer_core.config import dump_config, load_config
    from fer_core.training.config import TrainConfig

    settings = load_config(TrainConfig, config, set_)
    if print_config:
        typer.echo(dump_config(settings), nl=False)
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        from fer_core.training.train import train as run_training

        directory = run_training(settings, resume)
    except KeyboardInterrupt:
        kept = f"finished epochs are kept in {settings.directory}: --resume goes on"
        begun = (settings.directory / "config.yaml").is_file()
        typer.echo(f"stopped; {kept if begun else 'the run had not begun'}")
        raise typer.Exit(130) from None
    typer.echo(f"trained: {directory}; next: fer publish {directory} --name NAME")
