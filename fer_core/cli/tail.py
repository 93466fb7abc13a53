"""`fer tail`: records of cameras while they run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fer_core.streams.status import Status
    from fer_core.streams.tail import CameraSummary


def tail(
    cameras: Annotated[
        list[str],
        typer.Argument(
            metavar="CAMERA...",
            help="Names in cameras.yaml, rtsp:// URLs, webcams (0, /dev/video0).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where records go.")],
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="S", help="Seconds; else until Ctrl-C.")
    ] = None,
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
        typer.Option("--view-port", metavar="N", help="Show the pictures on 127.0.0.1:N."),
    ] = None,
    cameras_file: Annotated[
        Path | None,
        typer.Option("--cameras", metavar="FILE", help="Cameras; else configs/cameras.yaml."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="YAML file with settings.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting of the analysis."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON at the end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write records of cameras into DIR while they run, until Ctrl-C or for a time.

    A camera that fails is tried again and again. Exit code: 0 after Ctrl-C or SIGTERM, or if
    every camera gave frames; 1 if one gave none, or had to be given up; 2 for unusable arguments.
    """
    from fer_core.cli.streams import Signals, cameras_of, leave, show_messages
    from fer_core.config import ProcessConfig, load_config
    from fer_core.engine import Engine
    from fer_core.streams.memory import give_back_memory
    from fer_core.streams.status import Status
    from fer_core.streams.tail import tail as run

    give_back_memory()
    sampling = [] if sample_fps is None else [f"sample.fps={sample_fps}"]
    settings = load_config(ProcessConfig, config, [*(set_ or []), *sampling])
    found = cameras_of(cameras, cameras_file)
    statuses = [Status(camera.name) for camera in found]
    if not view:
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
