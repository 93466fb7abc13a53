"""A Prefect server on loopback that can schedule, for as long as its user lives."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fer_core.errors import FerError, InputError
from flows.lifeline import end_with_us

_HOST = "127.0.0.1"
_START_S = 300.0  # of which a busy machine may need much
_END_S = 20.0


@contextmanager
def standing_server(port: int) -> Iterator[str]:
    """Runs `prefect server start`, whose database is Prefect's own, and yields its API's URL.

    Raises:
        InputError: the port is taken.
        FerError: it does not start.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise InputError(
                f"port {port}: {error.strerror}; name another with --port, or set PREFECT_API_URL "
                "if a Prefect server runs there"
            ) from error
    command = ["server", "start", "--host", _HOST, "--port", str(port)]
    # A session of its own: Ctrl-C on the terminal must not end it before its user.
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end_with_us(-process.pid)
    try:
        url = f"http://{_HOST}:{port}/api"
        _await(process, f"{url}/health")
        yield url
    finally:
        _end(process)


def _await(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise FerError(
                    "Prefect's server did not start; `prefect server start` says why"
                ) from error
            time.sleep(0.2)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks it to end, and sees to it that nothing of it stays."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
