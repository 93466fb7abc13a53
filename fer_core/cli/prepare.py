"""`fer prepare`: labelled faces of any shape into one checked dataset."""

import json
from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import AsJson, ConfigFile, Debug, PrintConfig, Settings, settings_of


def prepare(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...",
            help="fer2013.csv, fer2013new.csv (FER+), Parquet, folders by class, videos, or zips.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the dataset goes.")
    ] = None,
    config: ConfigFile = None,
    set_: Settings = None,
    print_config: PrintConfig = False,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", help="Side of the pictures in pixels.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="MAP", help='Integers written: "happy: 0, sad: 1, …".'),
    ] = None,
    source_classes: Annotated[
        str | None,
        typer.Option("--source-classes", metavar="MAP", help="What integers in SOURCE mean."),
    ] = None,
    subjects: Annotated[
        str | None,
        typer.Option("--subjects", metavar="REGEX", help="The person, in each picture's path."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Seed of the split.")
    ] = None,
    drop_blank: Annotated[
        bool | None, typer.Option("--drop-blank", help="Leave out pictures of one single grey.")
    ] = None,
    drop_leaks: Annotated[
        bool | None,
        typer.Option("--drop-leaks", help="Leave out of train what validation or test has."),
    ] = None,
    drop_near_leaks: Annotated[
        bool | None,
        typer.Option("--drop-near-leaks", help="The same for pictures that look alike."),
    ] = None,
    drop_conflicts: Annotated[
        bool | None,
        typer.Option("--drop-conflicts", help="Leave out equal pictures with unequal labels."),
    ] = None,
    drop_duplicates: Annotated[
        bool | None,
        typer.Option("--drop-duplicates", help="Keep one of equal pictures of a split."),
    ] = None,
    drop_from: Annotated[
        str | None,
        typer.Option("--drop-from", metavar="train|all", help="Splits that pictures leave."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the dataset that is in DIR.")
    ] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read labelled faces, check them, and write them to DIR as one dataset.

    Nothing is left out unless told, but what cannot be read or has no known label; DIR/report.md
    says everything.
    """
    from fer_core.settings import dump_config
    from fer_core.training.prepare.config import PrepareConfig

    flags = {
        "size": size,
        "classes": classes,
        "source_classes": source_classes,
        "split.subjects": subjects,
        "split.seed": seed,
        "drop.blank": drop_blank,
        "drop.leaks": drop_leaks,
        "drop.near_leaks": drop_near_leaks,
        "drop.conflicts": drop_conflicts,
        "drop.duplicates": drop_duplicates,
        "drop.where": drop_from,
    }
    settings = settings_of(PrepareConfig, config, set_, flags)
    if print_config:
        typer.echo(dump_config(settings), nl=False)
        return
    if not sources or out is None:
        raise typer.BadParameter("expected SOURCE... and --out DIR")
    from fer_core.training.prepare.report import describe
    from fer_core.training.prepare.run import prepare as run

    report = run(sources, out, settings, force)
    typer.echo(json.dumps(report.summary()) if as_json else describe(report))
