"""A small page on this machine: the live pictures with what is seen in them, and a timeline.

It listens on 127.0.0.1 and answers only those who ask for it under that name, so that no page
from elsewhere can read it through the browser.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import cast

import cv2
import numpy as np

from fer_core.emotions import EMOTIONS
from fer_core.errors import InputError
from fer_core.sinks.drawing import Painter
from fer_core.sinks.palette import EMOTION_COLOURS
from fer_core.streams.status import Seen, Status
from fer_core.types import ByteArray

_HOST = "127.0.0.1"
_PICTURE_S = 0.1
_BOUNDARY = "picture"


@contextmanager
def serve(statuses: Sequence[Status], port: int) -> Iterator[str]:
    """Serves the page while the block runs.

    Args:
        statuses: one a camera.
        port: 0 takes a free one.

    Yields:
        Its URL.

    Raises:
        InputError: the port is taken.
    """
    stopped = threading.Event()
    handler = partial(_Handler, {status.camera: status for status in statuses}, stopped)
    try:
        server = ThreadingHTTPServer((_HOST, port), handler)
    except OSError as error:
        raise InputError(f"cannot listen on {_HOST}:{port}: {error.strerror}") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_address[1]}/"
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers `/`, `/status` and `/<camera>.mjpg`."""

    def __init__(
        self, statuses: dict[str, Status], stopped: threading.Event, *socket: object
    ) -> None:
        self._statuses = statuses
        self._stopped = stopped
        super().__init__(*socket)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]  # browsers leave out port 80
        name = self.path.removeprefix("/")
        if host not in (_HOST, "localhost"):
            self.send_error(403, "this page is for this machine alone")
        elif not name:
            page = files("fer_core.streams").joinpath("page.html").read_bytes()
            self._send("text/html; charset=utf-8", page)
        elif name == "status":
            self._send("application/json", json.dumps(self._describe()).encode())
        elif name.endswith(".mjpg") and name.removesuffix(".mjpg") in self._statuses:
            self._stream(self._statuses[name.removesuffix(".mjpg")])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal is for the cameras."""

    def _describe(self) -> dict[str, object]:
        return {
            "emotions": [[name, EMOTION_COLOURS[name]] for name in EMOTIONS],
            "cameras": [asdict(status.snapshot()) for status in self._statuses.values()],
        }

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, status: Status) -> None:
        """New pictures as they come, for as long as the browser listens."""
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        shown: Seen | None = None
        try:
            while not self._stopped.wait(_PICTURE_S):
                newest = status.newest()
                if newest is None or newest is shown:
                    continue
                shown = newest
                picture = cv2.imencode(".jpg", annotate(newest))[1].tobytes()
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                self.wfile.write(f"{head}Content-Length: {len(picture)}\r\n\r\n".encode())
                self.wfile.write(picture + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):  # the browser went away
            return


def annotate(seen: Seen) -> ByteArray:
    """(h, w, 3) uint8 BGR: the detector's picture with boxes and panels, sides made even."""
    small = seen.live.frame.bgr
    height, width = (side // 2 * 2 for side in small.shape[:2])
    colour = np.ascontiguousarray(small[:height, :width])
    yuv = cast(ByteArray, cv2.cvtColor(colour, cv2.COLOR_BGR2YUV_I420))
    luma, chroma = yuv[:height], yuv[height:].reshape(2, height // 2, width // 2)
    x, y = seen.live.frame.scale
    faces = seen.faces.faces.scaled(1 / x, 1 / y)
    shares = seen.faces.probabilities
    best = [EMOTIONS[index] for index in shares.argmax(axis=1)]
    tracks = seen.track_ids.tolist()
    painter = Painter(width, height, bt709=False)
    for patch in painter.patches(faces.boxes, tracks, best, shares.max(axis=1).tolist(), shares):
        patch.paint((luma, chroma[0], chroma[1]))
    return cast(ByteArray, cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420))
