"""`fer process`: analyse videos that are not done yet."""

from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import AsJson, ConfigFile, Debug, PrintConfig, Settings, settings_of


def process(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT", help="Videos, directories, or globs in quotes."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where records and videos go."),
    ] = None,
    config: ConfigFile = None,
    set_: Settings = None,
    print_config: PrintConfig = False,
    sample_fps: Annotated[
        str | None,
        typer.Option(
            "--sample-fps", metavar="N|all|keyframes", help="Frames looked at, a second of media."
        ),
    ] = None,
    render: Annotated[
        bool | None, typer.Option("--render/--no-render", help="Make annotated videos.")
    ] = None,
    blur: Annotated[
        str | None,
        typer.Option(
            "--blur", metavar="faces|others", help="Make faces unrecognisable in annotated videos."
        ),
    ] = None,
    keep_track: Annotated[
        int | None,
        typer.Option("--keep-track", metavar="N", help="With --blur others: the one that stays."),
    ] = None,
    smooth: Annotated[
        float | None,
        typer.Option(
            "--smooth", metavar="S", help="Smoothing of videos and pages, seconds; 0 is raw."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="Classifier: a name under models/, or a path."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="auto|cpu|gpu", help="Where networks run.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Videos processed at once.")
    ] = None,
    runner: Annotated[
        str | None,
        typer.Option(
            "--runner",
            metavar="local|dask[:ADDRESS]",
            help="Who does the work: this machine, or Dask.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Only videos recorded from this date or time on."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Only those before this time, or to this date's end."
        ),
    ] = None,
    settle: Annotated[
        str | None,
        typer.Option(
            "--settle", metavar="60s", help="Leave files alone that changed less than this ago."
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed videos again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Do all again, also what is done.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Work on at most N videos.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Analyse videos into DIR. What is done there already is not done again.

    Exit code: 0 if every video of INPUT is ok, 1 if some are not, 2 for unusable arguments,
    130 after Ctrl-C.
    """
    from fer_core.config import ProcessConfig
    from fer_core.settings import dump_config

    flags = {
        "sample.fps": sample_fps,
        "render.enabled": render,
        "render.blur": blur,
        "render.keep_track": keep_track,
        "smooth_s": smooth,
        "classify.model": model,
        "device": device,
        "workers": workers,
        "runner": runner,
        "select.since": since,
        "select.until": until,
        "select.settle_s": settle,
        "select.retry_failed": retry_failed or None,
        "select.force": force or None,
        "select.limit": limit,
    }
    settings = settings_of(ProcessConfig, config, set_, flags)
    if print_config:
        typer.echo(dump_config(settings), nl=False)
        return
    if not inputs or out is None:
        raise typer.BadParameter("expected INPUT... and --out DIR")
    from fer_core.cli.run import report, run
    from fer_core.paths import to_path

    out = to_path(str(out))
    summary = run(inputs, out, settings, debug=debug)
    report(summary, out, as_json)
    raise typer.Exit(summary.exit_code)
