"""`fer prepare`: labelled faces of any shape into one checked dataset."""

import json
from pathlib import Path
from typing import Annotated

import typer


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
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="YAML file with settings.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as faces.find=always."),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings as YAML and stop.")
    ] = False,
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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON at the end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Read labelled faces, check them, and write them to DIR as one dataset.

    Nothing is left out unless told, but what cannot be read or has no known label; DIR/report.md
    says everything.
    """
    from fer_core.config import dump_config, load_config
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
    overrides = [f"{key}={json.dumps(value)}" for key, value in flags.items() if value is not None]
    settings = load_config(PrepareConfig, config, [*(set_ or []), *overrides])
    if print_config:
        typer.echo(dump_config(settings), nl=False)
        return
    if not sources or out is None:
        raise typer.BadParameter("expected SOURCE... and --out DIR")
    from fer_core.training.prepare.report import describe
    from fer_core.training.prepare.run import prepare as run

    report = run(sources, out, settings, force)
    typer.echo(json.dumps(report.summary()) if as_json else describe(report))
