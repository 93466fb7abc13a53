"""The pages of a report in a real browser: they work from the disk, and hold what was promised.

Screenshots are kept in `screenshots/` for people to look at.
"""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from fer_core.report.options import ReportOptions
from fer_core.report.pages import write_report
from fer_core.report.serve import address, serving
from tests.report.conftest import dataset
from tests.report.tails import write_morning

__all__ = ["dataset"]

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
SCHEMES = ("light", "dark")
SIZES = {"wide": (1400, 900), "narrow": (390, 844)}

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs chromium (Debian's package of that name)")
    arguments = ["--no-sandbox", "--disable-gpu", "--mute-audio"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments, timeout=120_000)
        yield browser
        browser.close()


class Seen:
    """A page, and all that it complained of."""

    def __init__(self, browser: Browser, url: str, offline: bool = True) -> None:
        self.errors: list[str] = []
        self.context = browser.new_context(offline=offline)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(f"a script ran: {dialog.message}"))
        self.page.goto(url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture(scope="module")
def index(dataset: Path) -> Path:
    return write_report(dataset, ReportOptions(timezone="Europe/Berlin"))


@pytest.fixture(scope="module")
def video_file(dataset: Path, index: Path) -> Path:
    return write_report(dataset, ReportOptions(timezone="Europe/Berlin"), video="onerror")


@pytest.fixture(scope="module")
def video_page(browser: Browser, video_file: Path) -> Iterator[Page]:
    """The video's page, without a network; at the end no error may have been seen."""
    seen = Seen(browser, video_file.as_uri())
    wait_for_video(seen.page)
    yield seen.page
    seen.context.close()
    assert seen.errors == []


@pytest.fixture(scope="module")
def index_page(browser: Browser, index: Path) -> Iterator[Page]:
    seen = Seen(browser, index.as_uri())
    yield seen.page
    seen.context.close()
    assert seen.errors == []


def media_time(page: Page) -> float:
    return page.evaluate("document.querySelector('video').currentTime")


def wait_for_video(page: Page) -> None:
    page.wait_for_function("document.querySelector('video').readyState >= 1")


def wait_for_time(page: Page, seconds: float, within: float = 0.3) -> None:
    page.wait_for_function(
        "([t, d]) => Math.abs(document.querySelector('video').currentTime - t) < d"
        " && Math.abs(Number(document.getElementById('chart').dataset.cursor) - t) < d",
        arg=[seconds, within],
    )


def test_a_click_on_the_timeline_moves_the_video(video_page: Page) -> None:
    page = video_page
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .draglayer .xy .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.wait_for_selector("#chart .hoverlayer .hovertext", state="attached")
    page.mouse.down()
    page.mouse.up()
    wait_for_time(page, 4.0)


def test_playing_moves_the_cursor(video_page: Page) -> None:
    page = video_page
    page.locator("body").press(" ")
    page.wait_for_function("Number(document.getElementById('chart').dataset.cursor) > 0.5")
    page.locator("body").press(" ")
    page.wait_for_function("document.querySelector('video').paused")


def test_an_episode_leads_to_its_peak(video_page: Page) -> None:
    page = video_page
    angry = page.locator("#episodes button", has_text="angry")
    assert angry.count() == 1
    angry.click()
    page.wait_for_function("document.querySelector('video').currentTime > 1.9")
    assert 2 <= media_time(page) <= 4
    assert page.locator("#episodes button.now").count() >= 1
    page.locator("body").press("n")
    assert page.locator("#track").input_value() in {"0", "1"}


def test_every_emotion_has_a_peak_to_click(video_page: Page) -> None:
    page = video_page
    assert page.locator("#peaks button").count() == 7
    surprise = page.locator("#peaks button", has_text="surprise")
    minutes, seconds = surprise.locator(".at").inner_text().split(":")
    surprise.click()
    wait_for_time(page, 60 * int(minutes) + float(seconds))
    assert page.locator("#track").input_value() == "1"


def test_keys_move_by_a_second(video_page: Page) -> None:
    page = video_page
    page.evaluate("seek(0)")
    wait_for_time(page, 0)
    for second in (1, 2, 3):
        page.locator("body").press("ArrowRight")
        wait_for_time(page, second)


def test_names_are_text(video_page: Page, index_page: Page) -> None:
    page = video_page
    assert "<img src=x onerror" in page.locator("h1").inner_text()
    assert page.locator("img[src='x']").count() == 0
    page = index_page
    assert "<img src=x onerror" in " ".join(page.locator("#videos td.name").all_inner_texts())
    assert page.locator("img").count() == 0
    assert "0 bytes <script>" in page.locator("#videos").inner_text()


def test_times_begin_at_zero_and_hours_follow_the_zone(video_page: Page) -> None:
    page = video_page
    first = page.locator("#episodes .at").first.inner_text()
    assert first.startswith("00:0")
    assert "2026-11-03 00:30:00" in page.locator("#facts").inner_text()


def test_faces_not_to_be_trusted_are_not_shown(video_page: Page) -> None:
    page = video_page
    assert page.locator("#shares button").count() == 2
    assert "fear" not in page.locator("#episodes").inner_text()


def test_the_index_searches_and_sorts(index_page: Page) -> None:
    page = index_page
    names = page.locator("#videos td.name")
    assert names.count() == 2
    page.locator("#search").fill("failed")
    assert page.locator("#count").inner_text() == "1 of 2 videos"
    assert names.all_inner_texts() == ["broken.mp4"]
    page.locator("#search").fill("")
    page.get_by_role("button", name="status").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert names.first.inner_text() == "broken.mp4"
    assert page.locator("#heat .heatmaplayer image, #heat .heatmaplayer .hm").count() >= 1
    assert names.last.locator("a").get_attribute("href").startswith("videos/")


def test_a_live_cameras_day_is_shown_by_the_wall_clock(browser: Browser, tmp_path: Path) -> None:
    write_morning(tmp_path)
    seen = Seen(browser, write_report(tmp_path, video="yard").as_uri())
    page = seen.page
    assert page.locator("#player").is_hidden()
    page.locator("#gaps button", has_text="09:02:00 – 09:05:00").click()
    page.wait_for_function("Number(document.getElementById('chart').dataset.cursor) === 120")
    page.locator("#episodes button", has_text="sad").click()
    page.wait_for_function("Number(document.getElementById('chart').dataset.cursor) > 550")
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .draglayer .xy .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.5)  # nobody there
    page.wait_for_function("Number(document.getElementById('chart').dataset.cursor) < 100")
    assert "09:08" in page.locator("#chart .xtick").all_text_contents()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "report-live.png", full_page=True)
    seen.context.close()
    assert seen.errors == []


def test_served_pages_seek_by_ranges(browser: Browser, dataset: Path, video_file: Path) -> None:
    with serving(dataset) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            place = address(server).replace("index.html", f"videos/{video_file.name}")
            seen = Seen(browser, place, offline=False)
            wait_for_video(seen.page)
            seen.page.locator("#episodes button", has_text="angry").click()
            seen.page.wait_for_function("document.querySelector('video').currentTime > 1.9")
            seen.context.close()
        finally:
            server.shutdown()
            thread.join()
    assert seen.errors == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_screenshots(
    video_page: Page, index_page: Page, size: str, scheme: Literal["light", "dark"]
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    width, height = SIZES[size]
    for name, page in {"index": index_page, "video": video_page}.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.wait_for_function(
            "w => [...document.querySelectorAll('.js-plotly-plot')].every("
            "p => p.getBoundingClientRect().right <= w && p._fullLayout.width <= w)",
            arg=width,
        )
        page.screenshot(path=SCREENSHOTS / f"report-{name}-{scheme}-{size}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "nothing stands out to the side"
