"""Where a camera's password may not be: what is written, printed, shown, or kept by Prefect."""

import json
import os
import pty
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from fer_core import load_streams
from tests.cli.command import COMMAND, ROOT, environment, fer
from tests.real.rtsp import Server, until

pytestmark = pytest.mark.real

Serve = Callable[..., Server]

PASSWORD = "p@s/s%w:r d"
FORMS = (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), PASSWORD.split("@")[1])
"""As it is, as URLs hold it, and what stays of it where a URL is cut at its `@`."""


def check_absent(text: str) -> None:
    for form in FORMS:
        assert form not in text


def check_files(directory: Path) -> None:
    """Neither names nor contents hold it; tables are looked at uncompressed."""
    for path in directory.rglob("*"):
        check_absent(str(path))
        if path.suffix == ".parquet":
            check_absent(str(pq.read_table(path).to_pylist()) + str(pq.read_schema(path).metadata))
        elif path.is_file():
            check_absent(path.read_bytes().decode("latin-1"))


def write_cameras(directory: Path, server: Server, secret: str) -> Path:
    """Cameras that work, and that fail in every way in which a message might tell the URL."""
    place = server.url("door").removeprefix("rtsp://")
    cameras = {
        "door": {"url": f"rtsp://viewer:{secret}@{place}"},
        "wrong": {"url": f"rtsp://other:{secret}@{place}"},
        "gone": {"url": f"rtsp://viewer:{secret}@{place}-not-there"},
        "dead": {"url": f"rtsp://viewer:{secret}@127.0.0.1:9/door", "attempts": 1},
    }
    file = directory / "cameras.yaml"
    file.write_text(json.dumps({"cameras": cameras}))
    return file


class Terminal:
    """A command in a terminal of its own, whose screen is kept.

    Args:
        command: program and arguments.
        more: variables of its environment.
    """

    def __init__(self, command: list[str], **more: str) -> None:
        main, inner = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(TERM="xterm", COLUMNS="100", **more),
            stdin=inner, stdout=inner, stderr=inner,
        )  # fmt: skip
        os.close(inner)
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read, args=[main])
        self._thread.start()

    @property
    def shown(self) -> str:
        return b"".join(self._parts).decode()

    def _read(self, descriptor: int) -> None:
        try:
            while part := os.read(descriptor, 65536):
                self._parts.append(part)
        except OSError:  # how Linux tells the end of a terminal
            pass
        finally:
            os.close(descriptor)

    def end(self) -> int:
        """Asks it to end; its exit code."""
        self.process.terminate()
        code = self.process.wait(60)
        self._thread.join()
        return code


def test_not_in_files_messages_views_or_child_processes(
    serve: Serve, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}}, password=PASSWORD)
    file, out = write_cameras(tmp_path, server, "${DOOR}"), tmp_path / "out"
    options = ["--out", out, "--roll", "0.5", "--cameras", file, "--debug"]
    views = ["--view", "--view-port", "0"]
    names = ["door", "wrong", "gone", "dead"]
    terminal = Terminal([*COMMAND, "tail", *names, *map(str, [*options, *views])], DOOR=PASSWORD)
    try:
        until(lambda: any(out.glob("records/*/[!.]*.parquet")))
        until(lambda: "refuses this user and password" in terminal.shown)
        address = terminal.shown.partition("pictures at ")[2].split()[0]
        for page in ("", "status"):
            with urllib.request.urlopen(address + page, timeout=60) as answer:
                check_absent(answer.read().decode())
        with urllib.request.urlopen(f"{address}door.mjpg", timeout=60) as answer:
            check_absent(answer.read(20_000).decode("latin-1"))
        pid = terminal.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in [*children, str(pid)]:
            check_absent(Path(f"/proc/{one}/cmdline").read_text())
    finally:
        code = terminal.end()
    assert code == 0, terminal.shown
    assert "door" in terminal.shown
    check_absent(terminal.shown)
    assert set(load_streams(out)["ended"]) >= {"stopped", "unauthorized", "refused"}
    check_files(out)


@pytest.mark.parametrize("command", ["tail", "capture"])
def test_not_where_it_stands_in_the_url_as_it_is(
    serve: Serve, face_clip: Path, tmp_path: Path, command: str
) -> None:
    server, out = serve({"door": {"file": str(face_clip)}}, password=PASSWORD), tmp_path / "out"
    for place in (server.url("door"), server.url("nothing")):
        typed = place.replace("rtsp://", f"rtsp://viewer:{PASSWORD}@")
        finished = fer(command, typed, "--out", out, "--duration", "6", "--debug")
        check_absent(finished.stdout + finished.stderr)
    assert "not found" in set(load_streams(out)["ended"])
    assert load_streams(out)["frames_received"].sum() > 0
    check_files(out)


FLOWS = """
import os, sys
import flows
from flows.capture import capture_streams
from flows.secrets import serving
from flows.tail_stream import tail_stream

file, out = sys.argv[1:]
with serving():
    from prefect.blocks.system import Secret

    password = os.environ.pop("DOOR")
    Secret(value=password).save("door-password")
    names = ["door", "wrong", "gone", "dead"]
    tail_stream(names, out + "/tail", 6, roll_s=1, cameras_file=file)
    capture_streams(names, out + "/archive", 4, cameras_file=file)
    try:
        tail_stream(["rtsp://viewer:" + password + "@127.0.0.1:9/door"], out)
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_not_in_anything_that_prefect_keeps(serve: Serve, face_clip: Path, tmp_path: Path) -> None:
    server = serve({"door": {"file": str(face_clip)}}, password=PASSWORD)
    file = write_cameras(tmp_path, server, "${prefect:door-password}")
    home, out = tmp_path / "prefect", tmp_path / "out"
    finished = subprocess.run(
        [sys.executable, "-c", FLOWS, str(file), str(out)],
        cwd=ROOT,
        env=environment(
            DOOR=PASSWORD,
            PREFECT_HOME=str(home),
            PREFECT_LOGGING_LEVEL="DEBUG",
            PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="DEBUG",
        ),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    check_absent(finished.stdout + finished.stderr)
    assert "expected names of cameras" in finished.stdout
    kept = b"".join(path.read_bytes() for path in home.rglob("prefect.db*")).decode("latin-1")
    for known in ("tail-stream", "door-password", "0 frames, 0 faces", "no frame came (unauth"):
        assert known in kept  # runs, block, logs and artifacts are there to be searched
    check_files(home)
    check_files(out)
    assert set(load_streams(out / "tail")["ended"]) >= {"stopped", "unauthorized", "refused"}

    command = ["tail", "door", "--cameras", file, "--out", out / "command", "--duration", "6"]
    said = fer(*command, PREFECT_HOME=str(home))  # the block is there
    assert said.returncode == 0, said.stderr
    check_absent(said.stdout + said.stderr)
    check_files(out)
