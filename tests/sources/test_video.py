"""The contract of a source of frames, over every container and codec that must work."""

import gc
import math
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from fer_core.config import SampleConfig
from fer_core.sources.base import SourceStats
from fer_core.sources.video import VideoSource, probe
from fer_core.types import Frame
from tests.clips import Clip, ffprobe_times, read_number, write

MS = Fraction(1, 1000)
FRAMES = Fraction(1, 30)
IN_MS = tuple(round(index * 1000 / 30) for index in range(30))
FAST_VP9 = {"cpu-used": "8", "deadline": "realtime", "lag-in-frames": "8", "auto-alt-ref": "1"}
QUIET = "log-level=none"

CLIPS = [
    Clip("h264.mp4", sound="aac"),
    Clip("h264.mov", sound="aac"),
    Clip("h264.mkv", stamps=IN_MS, time_base=MS),
    Clip(
        "open-gop.mkv",
        stamps=IN_MS,
        time_base=MS,
        options={"x264-params": "open-gop=1:keyint=10:bframes=3"},
    ),
    Clip("hevc.mp4", "libx265", options={"x265-params": f"keyint=10:{QUIET}"}),
    Clip(
        "hevc-10-bit.mkv",
        "libx265",
        stamps=IN_MS,
        time_base=MS,
        pix_fmt="yuv420p10le",
        options={"x265-params": QUIET},
    ),
    Clip("vp9.webm", "libvpx-vp9", stamps=IN_MS, time_base=MS, options=FAST_VP9, sound="libopus"),
    Clip("av1.mkv", "libsvtav1", stamps=IN_MS, time_base=MS, options={"preset": "11"}),
    Clip("mpeg4.avi", "mpeg4", stamps=tuple(range(30)), time_base=FRAMES, sound="pcm_s16le"),
    Clip("bframes.avi", "mpeg4", stamps=tuple(range(30)), time_base=FRAMES, options={"bf": "2"}),
    Clip("h264.avi", stamps=tuple(range(30)), time_base=FRAMES),
    Clip("mjpeg.avi", "mjpeg", stamps=tuple(range(30)), time_base=FRAMES, pix_fmt="yuvj420p"),
    *(
        Clip(
            f"exif-{rotation}.avi",
            "mjpeg",
            stamps=tuple(range(30)),
            time_base=FRAMES,
            pix_fmt="yuvj420p",
            rotation=rotation,
            exif=True,
        )
        for rotation in (0, 90, 180, 270)
    ),
    Clip("mpeg4.mp4", "mpeg4", options={"bf": "2", "g": "10"}),
    Clip("animated.gif", "gif", stamps=tuple(range(0, 150, 5)), time_base=MS * 10, pix_fmt="rgb8"),
    Clip("late.ts", stamps=tuple(range(0, 90_000, 3000)), time_base=Fraction(1, 90_000)),
    Clip("late.mkv", stamps=tuple(1533 + ms for ms in IN_MS), time_base=MS),
    Clip(
        "late.mp4",
        stamps=tuple(range(45 * 512, 75 * 512, 512)),
        sound="aac",
        sound_start_s=1.2,
    ),
    Clip("variable.mp4", stamps=(0, 100, 133, 500, 800, 1900, 2000, 2033, 2500), time_base=MS),
    Clip("quarter.mp4", rotation=90),
    Clip("half.mov", rotation=180),
    Clip("three-quarters.mp4", rotation=270),
    Clip("odd.mkv", stamps=IN_MS, time_base=MS, size=(161, 97), pix_fmt="yuv444p"),
    Clip("odd.webm", "libvpx-vp9", (161, 97), IN_MS, MS, options=FAST_VP9),
    Clip("one.mp4", stamps=(0,)),
    Clip("one.gif", "gif", stamps=(0,), time_base=MS * 10, pix_fmt="rgb8"),
    Clip("full-range.mp4", pix_fmt="yuvj420p"),
    Clip("rgb.mkv", "libx264rgb", stamps=IN_MS, time_base=MS, pix_fmt="rgb24"),
]


@pytest.fixture(scope="module", params=CLIPS, ids=lambda clip: clip.name)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Made":
    clip: Clip = request.param
    return Made(clip, write(clip, tmp_path_factory.mktemp("clips")))


class Made:
    """A clip and its file."""

    def __init__(self, clip: Clip, path: Path) -> None:
        self.clip = clip
        self.path = path


def read(path: Path, **sample: object) -> tuple[list[Frame], SourceStats]:
    with VideoSource(path, SampleConfig.model_validate(sample)) as source:
        return list(source.frames()), source.stats


def test_every_frame_comes_once_in_order_and_upright(made: Made) -> None:
    frames, stats = read(made.path, fps="all")
    expected = list(range(len(made.clip.stamps)))
    assert [read_number(frame.luma) for frame in frames] == expected
    assert [frame.frame_index for frame in frames] == expected
    assert stats.frames_decoded == stats.frames_sampled == len(expected)
    assert (stats.frames_corrupt, stats.damage) == (0, None)


def test_times_are_those_of_ffprobe(made: Made) -> None:
    times = [frame.time_s for frame in read(made.path, fps="all")[0]]
    known = ffprobe_times(made.path)
    assert len(times) == len(known)
    for mine, theirs in zip(times, known, strict=True):
        assert math.isnan(theirs) or mine == pytest.approx(theirs, abs=1e-6)


def test_times_are_the_frames_own(made: Made) -> None:
    frames, _ = read(made.path, fps="all")
    shown = [frame.time_s - frames[0].time_s for frame in frames]
    begin = made.clip.times_s[0]
    assert shown == pytest.approx([time - begin for time in made.clip.times_s], abs=1e-6)


@pytest.mark.parametrize("fps", [5.0, 12.5, "all", "keyframes"])
@pytest.mark.parametrize("skip", ["none", "nonref"])
def test_what_is_skipped_changes_no_index_and_no_time(
    made: Made, fps: float | str, skip: str
) -> None:
    truth = {frame.frame_index: frame for frame in read(made.path, fps="all")[0]}
    frames, stats = read(made.path, fps=fps, skip=skip)
    assert frames
    assert frames[0].frame_index == 0
    assert stats.damage is None
    for frame in frames:
        same = truth[frame.frame_index]
        assert (frame.pts, frame.time_s) == (same.pts, same.time_s)
        assert read_number(frame.luma) == frame.frame_index


@pytest.mark.parametrize("fps", [1.0, 5.0, 12.5, 29.97])
def test_the_sampled_frames_are_the_first_at_each_grid_point(made: Made, fps: float) -> None:
    every, _ = read(made.path, fps="all")
    with VideoSource(made.path, SampleConfig(fps=fps)) as source:
        sampled = [frame.pts for frame in source.frames()]
        start = round(
            Fraction(source.info.start_time_s).limit_denominator(10**6) / source.time_base
        )
    step = 1 / (Fraction(str(fps)) * source.time_base)
    expected: list[int] = []
    for k in range(200):
        first = next((frame.pts for frame in every if frame.pts >= start + k * step), None)
        if first is not None and first not in expected:
            expected.append(first)
    assert sampled == expected


def test_info_says_what_the_clip_is(made: Made) -> None:
    clip, info = made.clip, probe(made.path)
    assert (info.width, info.height) == clip.size
    assert info.has_audio == (clip.sound is not None)
    assert info.codec in clip.codec.replace("libx264", "h264").replace("libx265", "hevc") or (
        info.codec == "av1"
    )
    assert info.duration_s is not None
    assert info.captured_at is None
    if len(clip.stamps) == 30 and clip.codec != "gif":  # FFmpeg only estimates that of a GIF
        assert info.fps == pytest.approx(30, rel=0.05)


def test_pictures_have_the_promised_shapes(made: Made) -> None:
    with VideoSource(made.path, SampleConfig(fps="all"), long_side=80) as source:
        frame = next(source.frames())
    width, height = made.clip.size
    assert frame.luma.shape == (height, width)
    assert frame.luma.dtype == frame.bgr.dtype == np.uint8
    assert not frame.luma.flags.writeable
    assert frame.bgr.flags.c_contiguous
    assert max(frame.bgr.shape[:2]) == 80
    assert frame.bgr.shape[0] / frame.bgr.shape[1] == pytest.approx(height / width, rel=0.05)
    assert read_number(frame.bgr[:, :, 1].copy()) == 0


def test_the_small_picture_is_never_enlarged(tmp_path: Path) -> None:
    path = write(Clip("small.mp4", stamps=(0,)), tmp_path)
    frames, _ = read(path)
    assert frames[0].bgr.shape == (96, 160, 3)
    assert frames[0].scale == (1.0, 1.0)


@pytest.mark.parametrize(
    ("clip", "limited", "black"),
    [
        (Clip("a.mp4"), True, 16),
        (Clip("a.mp4", pix_fmt="yuvj420p"), False, 0),
        (Clip("a.mkv", pix_fmt="yuv420p10le"), False, 0),
        (Clip("a.mkv", "libx264rgb", pix_fmt="rgb24"), False, 0),
        (Clip("a.gif", "gif", (160, 96), (0,), MS * 10, "rgb8"), False, 0),
    ],
    ids=["video", "yuvj", "10-bit", "rgb", "gif"],
)
def test_luma_says_its_range(clip: Clip, limited: bool, black: int, tmp_path: Path) -> None:
    frames, _ = read(write(clip, tmp_path), fps=1.0)
    frame = frames[0]
    assert frame.limited_range == limited
    assert float(frame.luma[4:20, 4:20].mean()) == pytest.approx(black, abs=3)
    assert float(frame.bgr[4:20, 4:20].mean()) == pytest.approx(0, abs=4)


def test_colours_are_blue_green_red(tmp_path: Path) -> None:
    frames, _ = read(write(Clip("a.mkv", "libx264rgb", pix_fmt="rgb24"), tmp_path), fps=1.0)
    blue, green, red = frames[0].bgr[90, 150].tolist()
    assert (blue, green, red) == pytest.approx((110, 176, 174), abs=6)


def test_frames_outlive_their_source(tmp_path: Path) -> None:
    path = write(Clip("a.mp4"), tmp_path)
    source = VideoSource(path, SampleConfig(fps="all"))
    frames = list(source.frames())
    source.close()
    source.close()
    assert [read_number(frame.luma) for frame in frames] == list(range(30))
    assert list(source.frames()) == []


def test_a_picture_goes_with_its_last_reference(tmp_path: Path) -> None:
    """And not only when Python looks for cycles, which in a long run is hardly ever."""
    path = write(Clip("a.mp4"), tmp_path)

    def held() -> int:
        return sum(isinstance(thing, VideoFrame) for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = held()  # other tests may have left some
        with VideoSource(path, SampleConfig(fps="all")) as source:
            list(source.frames())
        assert held() <= before
    finally:
        gc.enable()


def test_closing_gives_back_threads_and_descriptors(tmp_path: Path) -> None:
    path = write(Clip("a.mp4"), tmp_path)

    def held() -> tuple[int, int]:
        own = Path("/proc/self")
        return len(list((own / "task").iterdir())), len(list((own / "fd").iterdir()))

    if not Path("/proc/self/task").is_dir():
        pytest.skip("this system has no /proc to count threads in")
    before = held()
    for _ in range(5):
        with VideoSource(path, SampleConfig(fps="all")) as source:
            next(source.frames())
    threads, descriptors = held()
    assert threads <= before[0]
    assert descriptors <= before[1]


def test_capture_time_comes_from_the_container_or_the_caller(tmp_path: Path) -> None:
    said = {"creation_time": "2026-03-01T07:30:00.000000Z"}
    path = write(Clip("a.mp4", metadata=said), tmp_path)
    assert probe(path).captured_at == datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    named = datetime(2026, 2, 1, tzinfo=UTC)
    with VideoSource(path, SampleConfig(), captured_at=named) as source:
        assert source.info.captured_at == named


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "1904-01-01T00:00:00Z"])
def test_the_epoch_of_a_camera_without_a_clock_is_no_time(text: str, tmp_path: Path) -> None:
    path = write(Clip("a.mkv", metadata={"creation_time": text}), tmp_path)
    assert probe(path).captured_at is None


def test_names_that_ffmpeg_would_misread(tmp_path: Path) -> None:
    made = write(Clip("a.mp4", stamps=(0,)), tmp_path)
    for name in ("http: %03d.mp4", "-i.mp4", "naïve\udcff.mp4", "a:b.mp4"):
        path = made.rename(tmp_path / name)
        assert len(read(path)[0]) == 1
        made = path
