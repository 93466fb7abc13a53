"""Cameras that are kept connected, each by a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from fer_core.errors import StreamError
from fer_core.streams.backoff import Backoff
from fer_core.streams.camera import Camera
from fer_core.streams.connection import Connection
from fer_core.streams.log import ConnectionRow, StreamLog

log = logging.getLogger("fer_core.streams")

Use = Callable[[Connection, ConnectionRow], None]
"""Reads a connection until it is told to stop, and counts into its row."""

T = TypeVar("T", covariant=True)
_DISK = ("disk", "disk full")
"""Faults of this machine and not of the camera, which gives frames at every attempt."""

_PATIENCE_S = 1.0
"""How long a stop waits for a thread that may be blocked in a read of a dead connection."""


class Runner(Protocol[T]):
    """One camera at work in threads of its own."""

    @property
    def is_alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def finish(self, until_s: float) -> T: ...


def run_cameras(
    work: Sequence[Runner[T]], duration_s: float | None, stop: threading.Event
) -> list[T]:
    """Runs cameras until `stop` is set, the time is over, or all have given up.

    Whatever ends it, an exception in the caller's thread included, they finish their files.

    Args:
        work: the cameras, not yet started.
        duration_s: how long; None is until `stop`.
        stop: set it, and they end.

    Returns:
        What each of them made.
    """
    end_s = float("inf") if duration_s is None else time.monotonic() + duration_s
    try:
        for one in work:
            one.start()
        while not stop.is_set() and time.monotonic() < end_s and any(one.is_alive for one in work):
            stop.wait(min(0.2, max(0.0, end_s - time.monotonic())))
    finally:
        for one in work:
            one.stop()
        until_s = time.monotonic() + _PATIENCE_S
        results = [one.finish(until_s) for one in work]
    return results


def keep_connected(
    camera: Camera,
    rows: StreamLog,
    stopped: threading.Event,
    use: Use,
    say: Callable[[str, str], None],
    sound: bool = False,
) -> None:
    """Connects again and again until it is stopped; every connection becomes a row.

    Args:
        camera: the camera.
        rows: of `streams/`.
        stopped: ends it, a wait included.
        use: gets each connection; a `StreamError` from it is one more reason to connect anew.
        say: is told the state ("connecting", "waiting") and why.
        sound: whether sound is wanted, too.

    Raises:
        StreamError: it failed as many times in a row as the camera's settings allow.
    """
    retries = camera.config
    backoff, for_disk = (Backoff(retries.retry_first_s, retries.retry_most_s) for _ in range(2))
    while not stopped.is_set():
        say("connecting", "")
        row, began_s = rows.begin(), time.monotonic()
        try:
            with Connection(camera, sound) as connection:
                use(connection, row)
            error = StreamError("stopped", "")
        except StreamError as caught:
            error = caught
        rows.end(error.kind, str(error) or None)
        is_disk = error.kind in _DISK
        if row.frames_received:
            backoff.reset()
            if not is_disk or time.monotonic() - began_s > retries.retry_most_s:
                for_disk.reset()
        wait_s = (for_disk if is_disk else backoff).next_s()
        if stopped.is_set():
            return
        if retries.attempts and backoff.failures >= retries.attempts:
            raise StreamError(error.kind, f"{error}; given up after {backoff.failures} attempts")
        log.warning("%s; trying again in %.1f s", error, wait_s)
        say("waiting", str(error))
        stopped.wait(wait_s)


def own_thread(
    camera: Camera, name: str, target: Callable[[], None], fail: Callable[[str], None]
) -> threading.Thread:
    """A thread of one camera. What it fails of is logged and told to `fail`, and goes no further.

    Args:
        camera: the camera, for its name and its secrets.
        name: what the thread does.
        target: its work.
        fail: gets the error in words.
    """

    def run() -> None:
        try:
            target()
        except Exception as error:
            words = str(error) if isinstance(error, StreamError) else _describe(error)
            log.error("%s: gave up: %s", camera.name, camera.redact(words))
            fail(camera.redact(words))

    return threading.Thread(target=run, name=f"{camera.name}-{name}", daemon=True)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
