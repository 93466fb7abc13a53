"""The command `fer`: registers the commands, and turns errors into one line and an exit code."""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from fer_core.cli.bench import bench
from fer_core.cli.capture import capture
from fer_core.cli.compact import compact
from fer_core.cli.demo import demo
from fer_core.cli.doctor import doctor
from fer_core.cli.evaluate import evaluate
from fer_core.cli.export import export
from fer_core.cli.forget import forget
from fer_core.cli.prepare import prepare
from fer_core.cli.process import process
from fer_core.cli.publish import publish
from fer_core.cli.query import query
from fer_core.cli.report import report
from fer_core.cli.schedule import schedule
from fer_core.cli.status import status
from fer_core.cli.tail import tail
from fer_core.cli.train import train
from fer_core.errors import (
    ClusterError,
    ConfigError,
    FerError,
    InputError,
    InUse,
    ModelError,
    QueryError,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Facial emotion in batches of video: Parquet records and annotated videos.",
)
COMMANDS = (
    *(process, schedule, status, tail, capture, compact, demo),
    *(report, query, export, forget),
    *(prepare, train, evaluate, publish),
    *(bench, doctor),
)
for command in COMMANDS:
    app.command()(command)

_TAKE_S3 = ("process", "query", "status")

_UNUSABLE = ClusterError | ConfigError | InputError | InUse | ModelError | QueryError


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"fer {version('fer-pipeline')}")
        except PackageNotFoundError:
            typer.echo("fer (not installed)")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of all commands."""


def main() -> None:
    """Runs the command line and ends the process.

    Exit codes: 0 all went well, 1 something failed, 2 the arguments cannot be used, 130 Ctrl-C.
    No traceback is shown without `--debug`.
    """
    debug = "--debug" in sys.argv
    try:
        _check_s3(sys.argv[1:])
        app()
    except FerError as error:
        if debug:
            raise
        _fail(str(error), 2 if isinstance(error, _UNUSABLE) else 1)
    except Exception as error:
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error} (run again with --debug for details)", 1)


def _check_s3(arguments: list[str]) -> None:
    """Keeps commands that know only directories from making one called `s3:`."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    places = [word for word in arguments if word.startswith("s3://")]
    if places and command not in _TAKE_S3:
        raise InputError(
            f"{places[0]}: expected a directory, as fer {command} does not take S3; "
            f"{', '.join(_TAKE_S3)} do, see docs/archives.md"
        )


def _fail(message: str, code: int) -> None:
    line = " ".join(message.split())
    sys.stderr.write(f"fer: {line.encode('utf-8', 'backslashreplace').decode()}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
