"""`fer tail`: records of cameras while they run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_core.cli.options import (
    AsJson,
    Cameras,
    CamerasFile,
    ConfigFile,
    Debug,
    Duration,
    Settings,
    settings_of,
)

if TYPE_CHECKING:
    from fer_core.streams.status import Status
    from fer_core.streams.tail import CameraSummary


def tail(
    cameras: Cameras,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where records go.")],
    duration: Duration = None,
    roll: Annotated[
        float, typer.Option("--roll", metavar="S", min=0.1, help="Seconds a part file holds.")
    ] = 60.0,
    sample_fps: Annotated[
        str | None,
        typer.Option("--sample-fps", metavar="N|all|keyframes", help="Frames a second."),
    ] = None,
    view: Annotated[bool, typer.Option("--view", help="Show it in the terminal.")] = False,
    view_port: Annotated[
        int | None,
        typer.Option(
            "--view-port",
            metavar="N",
            min=0,
            max=65_535,
            help="Show the pictures on 127.0.0.1:N.",
        ),
    ] = None,
    cameras_file: CamerasFile = None,
    config: ConfigFile = None,
    set_: Settings = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write records of cameras into DIR while they run, until Ctrl-C or for a time.

    A camera that fails is tried again and again. Exit code: 0 after Ctrl-C or SIGTERM, or if
    every camera gave frames; 1 if one gave none, or had to be given up; 2 for unusable arguments.
    """
    from fer_core.cli.streams import Signals, cameras_of, is_screen, leave, show_messages
    from fer_core.config import ProcessConfig
    from fer_core.engine import Engine
    from fer_core.streams.memory import give_back_memory
    from fer_core.streams.status import Status
    from fer_core.streams.tail import tail as run

    give_back_memory()
    settings = settings_of(ProcessConfig, config, set_, {"sample.fps": sample_fps})
    found = cameras_of(cameras, cameras_file)
    statuses = [Status(camera.name) for camera in found]
    if not (view := view and is_screen()):
        show_messages()
    with Signals() as signals, Engine.load(settings) as engine:
        signals.working = True
        with _shown(statuses, view, view_port):
            results = run(
                found, out, settings, engine, roll_s=roll, duration_s=duration,
                stop=signals.stop, statuses=statuses,
            )  # fmt: skip
    code = 0 if signals.stop.is_set() or not any(one.error for one in results) else 1
    result = {"out": str(out), "cameras": [asdict(one) for one in results]}
    leave(code, result if as_json else None, [_line(one) for one in results])


@contextmanager
def _shown(statuses: "list[Status]", view: bool, port: int | None) -> Iterator[None]:
    """The views that are wanted, as long as the tail runs."""
    with ExitStack() as views:
        if port is not None:
            from fer_core.streams.page import serve

            typer.echo(f"pictures at {views.enter_context(serve(statuses, port))}", err=True)
        if view:
            from fer_core.streams.view import show

            views.enter_context(show(statuses))
        yield


def _line(summary: "CameraSummary") -> str:
    counts = (
        f"{summary.frames} frames looked at, {summary.faces} faces found, "
        f"{summary.dropped} frames dropped, {summary.reconnects} reconnects, "
        f"{summary.parts} part files"
    )
    return f"{summary.camera}: {summary.error or counts}"
