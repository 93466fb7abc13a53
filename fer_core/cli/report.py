"""`fer report`: pages that show a run."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.faces import (
    MaxYaw,
    MinScore,
    MinSharpness,
    MinSide,
    Smooth,
    face_filter,
)
from fer_core.cli.options import Debug, Directory


def report(
    directory: Directory,
    video: Annotated[
        str | None, typer.Option("--video", metavar="NAME", help="Only videos named like this.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="NAME", help="Zone of hours and days.")
    ] = "UTC",
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Put pictures of faces into the pages.")
    ] = False,
    smooth: Smooth = 0.5,
    min_side: MinSide = None,
    min_sharpness: MinSharpness = None,
    max_yaw: MaxYaw = None,
    min_score: MinScore = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the pages on 127.0.0.1 until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="For --serve; 0: any.")
    ] = 8000,
    debug: Debug = False,
) -> None:
    """Make a page a video and an index in DIR/report; they open from the disk."""
    from fer_core.paths import printable
    from fer_core.report.options import ReportOptions
    from fer_core.report.pages import write_report
    from fer_core.trust import REPORT_FACES

    faces = face_filter(
        REPORT_FACES,
        min_side=min_side,
        min_sharpness=min_sharpness,
        max_yaw=max_yaw,
        min_score=min_score,
    )
    page = write_report(directory, ReportOptions(timezone, faces, smooth, thumbnails), video)
    typer.echo(printable(page))
    if serve:
        _serve(directory, port, page, show)
    elif show:
        _open(page.absolute().as_uri())


def _open(address: str) -> None:
    """Shows a page in the browser that `BROWSER` names, or else the system's."""
    if not webbrowser.open(address):
        typer.echo(f"no browser was found (BROWSER names one); the page is {address}", err=True)


def _serve(directory: Path, port: int, page: Path, show: bool) -> None:
    from fer_core.errors import InputError
    from fer_core.report.serve import address, serving

    try:
        with serving(directory, port) as server:
            place = address(server).replace(
                "index.html", page.relative_to(directory / "report").as_posix()
            )
            typer.echo(f"serving {place} until Ctrl-C")
            if show:
                _open(place)
            server.serve_forever()
    except KeyboardInterrupt:
        raise typer.Exit from None
    except OSError as error:
        raise InputError(
            f"cannot serve on port {port}: {error.strerror}; name another with --port"
        ) from error
