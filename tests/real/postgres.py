"""Starts and stops a real PostgreSQL on loopback, with a new and empty cluster."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real.ports import free_port

_START_S = 120.0
_FAST = ["-c", "fsync=off", "-c", "full_page_writes=off"]

# It refuses to run as root.
_AS: dict[str, Any] = (
    {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
)


def need_server() -> Path:
    """Where its programs are; skips where it is missing, and in CI a skip is a failure."""
    # Debian keeps the versions apart, and none of them in PATH.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _version(initdb: Path) -> int:
    return int(initdb.parts[-3])


@contextmanager
def running() -> Iterator[str]:
    """A server as long as the block lasts; the URL of its database, as asyncpg takes it."""
    programs, port = need_server(), free_port()
    # Not below pytest's directories, which nobody but their owner may enter.
    home = Path(tempfile.mkdtemp(prefix="fer-postgres-"))
    try:
        if _AS:
            shutil.chown(home, _AS["user"], _AS["group"])
        cluster = str(home / "cluster")
        initdb = [programs / "initdb", "-D", cluster, "-U", "fer", "--auth=trust", "--no-sync"]
        subprocess.run(
            [*initdb, "--encoding=UTF8", "--locale=C"],
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            **_AS,
        )
        command = [programs / "postgres", "-D", cluster, "-h", "127.0.0.1", "-p", str(port)]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [*command, "-k", "", *_FAST], cwd=home, stdout=log, stderr=log, **_AS
            )
        try:
            _wait(server, [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], home)
            yield f"postgresql://fer@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs what is in it
            server.wait()
    finally:
        shutil.rmtree(home)


def _wait(server: "subprocess.Popen[bytes]", is_ready: list[Any], home: Path) -> None:
    end = time.monotonic() + _START_S
    while subprocess.run(is_ready, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        assert server.poll() is None, (home / "log").read_text()
        assert time.monotonic() < end, (home / "log").read_text()
        time.sleep(0.1)
