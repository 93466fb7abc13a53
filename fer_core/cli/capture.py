"""`fer capture`: cameras into an archive."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_core.cli.options import AsJson, Cameras, CamerasFile, Debug, Duration, settings_of

if TYPE_CHECKING:
    from fer_core.streams.capture import CaptureSummary


def capture(
    cameras: Cameras,
    out: Annotated[Path, typer.Option("--out", metavar="ARCHIVE", help="Where segments go.")],
    segment: Annotated[
        str, typer.Option("--segment", metavar="60s", help="Length of a segment: 60s, 5m, 1h.")
    ] = "60s",
    duration: Duration = None,
    keep_days: Annotated[
        float | None, typer.Option("--keep-days", metavar="N", help="Remove what is older.")
    ] = None,
    keep_gb: Annotated[
        float | None, typer.Option("--keep-gb", metavar="N", help="Remove the oldest beyond it.")
    ] = None,
    free_gb: Annotated[
        float, typer.Option("--free-gb", metavar="N", help="Record only with so much room.")
    ] = 0.5,
    cameras_file: CamerasFile = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Record cameras into ARCHIVE as they come, sound included, until Ctrl-C or for a time.

    A camera that fails is tried again and again. Exit code: 0 after Ctrl-C or SIGTERM, or if
    every camera gave a segment; 1 if one gave none; 2 for unusable arguments.
    """
    from fer_core.cli.streams import Signals, cameras_of, leave, show_messages
    from fer_core.streams.capture import capture as run
    from fer_core.streams.retention import KeepConfig

    limits = {"days": keep_days, "gb": keep_gb, "free_gb": free_gb}
    keep = settings_of(KeepConfig, None, None, limits)
    found = cameras_of(cameras, cameras_file)
    show_messages()
    with Signals() as signals:
        signals.working = True
        results = run(
            found, out, segment_s=_seconds(segment), keep=keep, duration_s=duration,
            stop=signals.stop,
        )  # fmt: skip
    code = 0 if signals.stop.is_set() or not any(one.error for one in results) else 1
    result = {"out": str(out), "cameras": [asdict(one) for one in results]}
    leave(code, result if as_json else None, [_line(one) for one in results])


def _seconds(text: str) -> float:
    from fer_core.settings import seconds

    length = seconds(text)
    if not isinstance(length, float) or length <= 0:
        raise typer.BadParameter(f"--segment: expected a time such as 60s or 5m, got {text!r}")
    return length


def _line(summary: "CaptureSummary") -> str:
    saved = f", {summary.salvaged} saved from before" if summary.salvaged else ""
    counts = f"{summary.segments} segments, {summary.seconds:.0f} s, {summary.size / 1e6:.1f} MB"
    return f"{summary.camera}: {summary.error or counts}{saved}"
