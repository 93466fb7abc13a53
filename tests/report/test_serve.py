"""The small server: byte ranges, and nothing but the report and its videos."""

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.forget import forget
from fer_core.ledger import VideoSummary, write_row
from fer_core.report.pages import write_report
from fer_core.report.serve import HOST, serving
from fer_core.types import VideoRef


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


def test_the_original_is_served_where_there_is_no_annotated_video(
    port: int, dataset: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "door.mp4"
    recording.write_bytes(b"pictures")
    video = VideoRef.of(recording)
    row = VideoSummary(video.video_id, video.source, "ok")
    write_row(dataset, row)
    try:
        path = f"/original/{video.video_id}"
        assert get(port, path, Range="bytes=0-3")[:2] == (206, b"pict")
        page = write_report(dataset, video="door.mp4")
        assert json.dumps(path) in page.read_text()
        write_row(dataset, replace(row, shows="smoothed over 0.5 s, blurred"))
        assert get(port, path)[0] == 404, "its faces are not to be seen"
        assert '"video":null' in write_report(dataset, video="door.mp4").read_text()
        assert get(port, "/original/0123456789abcdef")[0] == 404
    finally:
        forget(dataset, source=recording)


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
