"""A user that is killed leaves no server behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tests.cli.command import ROOT, environment

GROUP = """
import subprocess
from flows.lifeline import end_with_us
started = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)
end_with_us(-started.pid)
print(started.pid, flush=True)
"""

SERVER = """
from flows.server import Server, keep_quiet
keep_quiet()
server = Server()
server.start()
server.wait()
print(server._embedded.port, flush=True)
"""

KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

_PATIENCE_S = 60.0


def run_and_be_killed(code: str) -> int:
    """The number that a process says before it is killed."""
    done = subprocess.run(
        [sys.executable, "-c", code + KILLED],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    return int(done.stdout)


def test_a_group_of_processes_ends_with_who_started_it() -> None:
    group = run_and_be_killed(GROUP)
    deadline = time.monotonic() + _PATIENCE_S
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.02)
        raise AssertionError(f"process group {group} is still there")


@pytest.mark.real
def test_the_embedded_server_ends_with_who_started_it() -> None:
    port = run_and_be_killed(SERVER)
    deadline = time.monotonic() + _PATIENCE_S
    with suppress(ConnectionRefusedError):
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            time.sleep(0.02)
        raise AssertionError(f"there is still a server on port {port}")
