"""What `fer tail` shows while it runs: in a terminal, and on a page of this machine."""

import io
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser
from rich.console import Console

from fer_core.streams.page import serve as serve_page
from fer_core.streams.status import Snapshot, Status
from fer_core.streams.view import render
from tests.real.rtsp import Server
from tests.real.tailing import Tailing
from tests.real.test_report_pages import SCREENSHOTS, Seen, browser

__all__ = ["browser"]

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Serve = Callable[..., Server]
Start = Callable[..., Tailing]


def drawn(*cameras: Snapshot, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(render(cameras))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_tells_all_there_is_to_know(width: int) -> None:
    happy = (0.0, 0.0, 0.0, 0.75, 0.0, 0.0, 0.25)
    door = Snapshot("door", "live", "", "", 2, happy, 5.0, 9.8, 0.34, 100, 190, 3, 1, 4)
    yard = Snapshot("yard", "waiting", "nothing listens there", "cannot write records: full")
    text = drawn(door, yard, width=width)
    for fact in ("door", "● live", "people in view", "9.8", "340 ms", "dropped", "75%", "25%"):
        assert fact in text
    for fact in ("● waiting", "nothing listens there", "cannot write records: full"):
        assert fact in text
    [bar] = [line for line in text.splitlines() if "75%" in line]
    [less] = [line for line in text.splitlines() if "25%" in line]
    assert bar.count("█") == pytest.approx(3 * less.count("█"), abs=2)
    assert max(map(len, text.splitlines())) <= width


def test_the_page_shows_pictures_and_numbers(
    serve: Serve, tailing: Start, browser: Browser, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(server.camera(tmp_path, "door"))
    running.wait_for_frames(20)
    with serve_page(running.statuses, port=0) as address:
        with urllib.request.urlopen(f"{address}status", timeout=60) as answer:
            [door] = json.load(answer)["cameras"]
        assert (door["camera"], door["state"]) == ("door", "live")
        assert door["timeline"]
        with urllib.request.urlopen(f"{address}door.mjpg", timeout=60) as pictures:
            assert first_picture(pictures).shape == (360, 640, 3)
        seen = Seen(browser, address, offline=False)
        seen.page.wait_for_function("document.querySelector('img').naturalWidth === 640")
        seen.page.wait_for_function("document.querySelectorAll('rect').length >= 7")
        facts = seen.page.inner_text("dl")
        for fact in ("people in view", "frames/s", "faces/s", "delay", "dropped", "reconnects"):
            assert fact in facts
        SCREENSHOTS.mkdir(exist_ok=True)
        seen.page.screenshot(path=SCREENSHOTS / "tail.png")
        assert seen.errors == []
        seen.context.close()


def first_picture(stream: io.BufferedIOBase) -> np.ndarray:
    """The first JPEG of a stream of them."""
    size = 0
    while (line := stream.readline().strip()) or not size:
        if line.startswith(b"Content-Length:"):
            size = int(line.split(b":")[1])
    picture = cv2.imdecode(np.frombuffer(stream.read(size), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def test_the_page_is_for_this_machine_alone() -> None:
    with serve_page([Status("door")], port=0) as address:
        port = address.rstrip("/").rpartition(":")[2]
        answers = ("", "evil.example", 403), ("nothing", f"127.0.0.1:{port}", 404)
        for path, host, code in (*answers, ("nothing", "localhost", 404)):
            request = urllib.request.Request(address + path, headers={"Host": host})
            with pytest.raises(HTTPError) as refused:
                urllib.request.urlopen(request, timeout=60)
            assert refused.value.code == code
            refused.value.close()
