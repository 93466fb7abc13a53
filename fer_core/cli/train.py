"""`fer train`: train the emotion classifier."""

from typing import Annotated

import typer

from fer_core.cli.options import ConfigFile, Debug, PrintConfig, Settings


def train(
    config: ConfigFile = None,
    set_: Settings = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")
    ] = False,
    print_config: PrintConfig = False,
    debug: Debug = False,
) -> None:
    """Train a classifier; the run is kept in runs/NAME, and may be stopped and resumed.

    KERAS_BACKEND=tensorflow, jax or torch chooses what computes.
    """
    import logging

    from fer_core.settings import dump_config, load_config
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
