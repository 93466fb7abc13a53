"""The small server: byte ranges, and nothing but the report and its videos."""

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_core.report.pages import write_report
from fer_core.report.serve import HOST, serving


@pytest.fixture(scope="module")
def port(dataset: Path) -> Iterator[int]:
    write_report(dataset)
    (dataset / "annotated" / "clip.bin").write_bytes(bytes(range(200)))
    with serving(dataset) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def get(port: int, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, {k.lower(): v for k, v in answer.getheaders()}


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=190-", 206, slice(190, 200)),
        ("bytes=-5", 206, slice(195, 200)),
        ("bytes=100-9999", 206, slice(100, 200)),
        ("bytes=200-", 416, slice(0, 0)),
        ("bytes=9-3", 416, slice(0, 0)),
        ("pages=1-2", 416, slice(0, 0)),
    ],
)
def test_ranges(port: int, asked: str, status: int, span: slice) -> None:
    answer, body, headers = get(port, "/annotated/clip.bin", Range=asked)
    assert (answer, body) == (status, bytes(range(200))[span])
    if status == 206:
        assert headers["content-range"] == f"bytes {span.start}-{span.stop - 1}/200"


def test_a_whole_file(port: int) -> None:
    status, body, headers = get(port, "/annotated/clip.bin")
    assert (status, len(body), headers["accept-ranges"]) == (200, 200, "bytes")


def test_the_beginning_leads_to_the_index(port: int) -> None:
    status, _, headers = get(port, "/")
    assert (status, headers["location"]) == (302, "/report/index.html")


@pytest.mark.parametrize(
    "path",
    [
        "/videos/",
        "/records/",
        "/report/videos/",
        "/annotated/../videos/",
        "/annotated/..%2fvideos/",
        "/etc/passwd",
        "/annotated/../../in/broken.mp4",
    ],
)
def test_nothing_else_is_served(port: int, path: str) -> None:
    assert get(port, path)[0] == 404


def test_links_that_lead_out_are_not_followed(port: int, dataset: Path) -> None:
    (dataset / "annotated" / "out.txt").symlink_to("/etc/hostname")
    assert get(port, "/annotated/out.txt")[0] == 404


def test_other_names_of_this_machine_are_refused(port: int) -> None:
    assert get(port, "/report/index.html", Host="evil.example")[0] == 403
