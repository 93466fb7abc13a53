"""Serves the pages and videos of a dataset on this machine, with byte ranges for seeking.

Where there is no annotated video, pages show the original: `/original/<video_id>` is the file that
the ledger names under that id, and no other file outside of the dataset can be asked for.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, cast

from fer_core.ledger import read_row
from fer_core.report.pages import original

HOST = "127.0.0.1"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PIECE = 1 << 18
_SERVED = ("report", "annotated")
_ORIGINAL = re.compile(r"/original/([0-9a-f]{16})")


class Handler(SimpleHTTPRequestHandler):
    """Files of `report/` and `annotated/`, and videos that the ledger names; nothing is listed."""

    protocol_version = "HTTP/1.1"
    server_version = "fer"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        if self.path in ("/", "/report", "/report/"):
            self._redirect("/report/index.html")
            return
        if not self._is_own_host():
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        path = self._file()
        if path is None or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with path.open("rb") as file:
            self._send(file, path, body)

    def _file(self) -> Path | None:
        """What a path asks for; None where it may not. No link leads out."""
        root = Path(self.directory).resolve()
        if match := _ORIGINAL.fullmatch(self.path):
            row = read_row(root, match[1])
            return original(row) if row else None
        path = Path(self.translate_path(self.path)).resolve()
        served = any(path.is_relative_to(root / name) for name in _SERVED)
        return path if served else None

    def _is_own_host(self) -> bool:
        """Whether the page was asked for by its own name: other sites' pages cannot read it."""
        return self.headers.get("Host", "").rsplit(":", 1)[0] in (HOST, "localhost")

    def _redirect(self, place: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, file: BinaryIO, path: Path, body: bool) -> None:
        size = path.stat().st_size
        span = _span(self.headers.get("Range"), size)
        if span is None:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, end = span
        whole = "Range" not in self.headers
        self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
        if not whole:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if body:
            self._copy(file, start, end)

    def _copy(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        try:
            while start < end and (piece := file.read(min(_PIECE, end - start))):
                self.wfile.write(piece)
                start += len(piece)
        except (BrokenPipeError, ConnectionResetError):  # the browser has seen enough
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: errors are seen in the browser."""


def _span(text: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last of a Range header; None if there are none such."""
    if text is None:
        return 0, size
    match = _RANGE.fullmatch(text.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if start < end else None


@contextmanager
def serving(directory: Path, port: int = 0) -> Iterator[ThreadingHTTPServer]:
    """A server of a dataset's pages; the caller runs `serve_forever`.

    Args:
        directory: the directory given to `fer process --out`.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    class Own(Handler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(directory))  # pyright: ignore

    server = ThreadingHTTPServer((HOST, port), Own)
    server.daemon_threads = True
    try:
        yield server
    finally:
        server.server_close()


def address(server: ThreadingHTTPServer) -> str:
    """Where a server's pages are."""
    return f"http://{HOST}:{cast(int, server.server_address[1])}/report/index.html"
