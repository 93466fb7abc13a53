"""Starts and stops the RTSP server of `rtsp_server.py`, and makes clips for it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_core.streams.camera import Camera, find_cameras

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_server.py")
PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-ugly gstreamer1.0-plugins-bad gstreamer1.0-libav"
)
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0')"


def need_server() -> None:
    """Skips where Debian's GStreamer is missing; in CI a skip is a failure."""
    probe = subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"needs an RTSP server: apt-get install --no-install-recommends {PACKAGES}")


def until(fact: Callable[[], object], seconds: float = 120.0) -> None:
    """Waits for a fact; it failing to come true is the test's failure."""
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.05)


class Server:
    """A server process; its mounts are described in `rtsp_server.py`.

    Args:
        mounts: by name.
        password: if given, only the user "viewer" with it gets in.
    """

    def __init__(self, mounts: dict[str, dict[str, Any]], password: str | None = None) -> None:
        self._mounts = mounts
        self._environment = dict(os.environ)
        if password is not None:
            self._environment |= {"RTSP_USER": "viewer", "RTSP_PASSWORD": password}
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self, mounts: dict[str, dict[str, Any]] | None = None) -> None:
        """Starts it, on the same port as before, if wanted with other mounts."""
        command = [SYSTEM_PYTHON, str(SCRIPT), str(self.port), json.dumps(mounts or self._mounts)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the RTSP server did not start"
        self.port = int(line)

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP makes it silent with all connections open; SIGCONT wakes it."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Ends it without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._process = None

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"

    def camera(self, directory: Path, mount: str, name: str = "door", **settings: Any) -> Camera:
        """A camera of this server that is tried again quickly."""
        settings = {"retry_first_s": 0.2, "retry_most_s": 0.5, **settings}
        return camera(directory, name, self.url(mount), **settings)


def camera(directory: Path, name: str, url: str, **settings: Any) -> Camera:
    """A camera from a `cameras.yaml` of its own."""
    file = directory / f"{name}.yaml"
    file.write_text(json.dumps({"cameras": {name: {"url": url, **settings}}}))
    return find_cameras([name], file)[0]
