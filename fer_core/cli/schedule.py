"""`fer schedule`: an archive, every night."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_core.cli.options import ConfigFile, Debug, Settings, settings_of
from fer_core.paths import printable

if TYPE_CHECKING:
    from fer_core.night import NightConfig


def schedule(
    archive: Annotated[
        Path, typer.Option("--archive", metavar="DIR", help="Where recordings come in.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where records go.")],
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="CRON", help="When: '0 2 * * *' is at 2:00.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="NAME", help="Zone of these times.")
    ] = "UTC",
    max_hours: Annotated[
        float | None, typer.Option("--max-hours", metavar="H", help="A night ends after H hours.")
    ] = None,
    until_time: Annotated[
        str | None, typer.Option("--until-time", metavar="HH:MM", help="A night ends then.")
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option("--keep-days", metavar="N", help="Remove older segments that are done."),
    ] = None,
    keep_gb: Annotated[
        float | None,
        typer.Option("--keep-gb", metavar="N", help="Remove the oldest that are done beyond it."),
    ] = None,
    keep_annotated_days: Annotated[
        float | None,
        typer.Option("--keep-annotated-days", metavar="N", help="Remove older annotated videos."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be removed.")
    ] = False,
    config: ConfigFile = None,
    set_: Settings = None,
    render: Annotated[bool, typer.Option("--render", help="Make annotated videos, too.")] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Of the deployment in Prefect.")
    ] = "nightly",
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="Of the Prefect server, if none is set.")
    ] = 4200,
    debug: Debug = False,
) -> None:
    """Analyse what is new in an archive by a timetable, until Ctrl-C or SIGTERM.

    A night also merges part files, makes the report, and removes what the rules do not keep; there
    are none by default.
    """
    from fer_core.night import NightConfig, NightlyConfig
    from fer_core.settings import load_config

    keep = {"days": keep_days, "gb": keep_gb}
    rules = {
        "max_hours": max_hours,
        "until_time": until_time,
        "timezone": timezone,
        "keep_annotated_days": keep_annotated_days,
        **{f"keep.{key}": value for key, value in keep.items()},
    }
    night = settings_of(NightConfig, None, None, rules)
    asked = [f"report.timezone={timezone}", *(["render.enabled=true"] if render else [])]
    settings = load_config(NightlyConfig, config, [*asked, *(set_ or [])])
    if dry_run:
        _show_removed(archive, out, night)
        return
    if cron is None:
        raise typer.BadParameter("expected --cron, such as --cron '0 2 * * *'")
    from flows.server import keep_quiet

    if not debug:
        keep_quiet()
    from flows.schedule import Timetable, serve

    serve(archive, out, settings, night, Timetable(cron, timezone, name), port, _say)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show_removed(archive: Path, out: Path, night: "NightConfig") -> None:
    from fer_core.night import retain

    removed = retain(archive, out, night, dry_run=True)
    for path in (*removed.segments, *removed.annotated):
        typer.echo(printable(path))
    typer.echo(
        f"would remove {len(removed.segments)} recordings and "
        f"{len(removed.annotated)} annotated videos",
        err=True,
    )
