"""What the commands for cameras share: options, signals, messages, and a quick end."""

import json
import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from fer_core.streams.camera import Camera

_INTERRUPTED = 130


def cameras_of(names: list[str], file: Path | None) -> "list[Camera]":
    """The cameras that a command line names; see `find_cameras`.

    Prefect is loaded, and its server started if none is configured, only where a camera's url
    names a Secret block; that server ends with this call.
    """
    from fer_core.streams.camera import find_cameras

    with ExitStack() as servers:

        def lookup(name: str) -> str:
            from flows.secrets import read_secret, serving

            if not opened:
                opened.append(servers.enter_context(serving()))
            return read_secret(name)

        opened: list[None] = []
        return find_cameras(names, file, lookup)


class Signals:
    """While entered, SIGINT and SIGTERM set `stop` once the work has begun.

    Before that there is nothing to lose, and the process ends at once; as it does at a second
    signal.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.working = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            os._exit(_INTERRUPTED)
        if not self.working:
            os._exit(0)
        self.stop.set()


def show_messages() -> None:
    """What happens to the connections goes to stderr, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("fer: %(message)s"))
    log = logging.getLogger("fer_core.streams")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def is_screen() -> bool:
    """Whether stdout is a terminal that can be drawn on; all else gets lines."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def leave(code: int, result: dict[str, Any] | None, lines: list[str]) -> None:
    """Prints how it went and ends the process at once.

    A thread that waits for a dead camera would otherwise be waited for, or be cut off in the
    middle of what Python takes down at its end.

    Args:
        code: exit code.
        result: printed as one line of JSON, if given …
        lines: … else these.
    """
    typer.echo(json.dumps(result) if result is not None else "\n".join(lines))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
