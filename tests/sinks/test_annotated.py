"""Annotated videos: every frame at its time, the sound kept, drawn on where a face is."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_core.config import RenderConfig, SampleConfig
from fer_core.emotions import EMOTIONS
from fer_core.errors import NoVideoStream, RenderError
from fer_core.sinks.annotated import render
from fer_core.sinks.overlays import Overlay
from fer_core.sinks.palette import EMOTION_COLOURS
from fer_core.sources.video import VideoSource
from tests.clips import FRAME_S, Clip, cut, damage, end_early, read_number, write, write_sound

MS = Fraction(1, 1000)
SIZE = (480, 270)
IN_MS = tuple(round(index * 1000 / 30) for index in range(30))
BOX = (400.0, 200.0, 60.0, 50.0)
FINE = RenderConfig(crf=12)

CLIPS = [
    Clip("a.mp4", size=SIZE, sound="aac"),
    Clip("late.mkv", size=SIZE, stamps=tuple(1533 + ms for ms in IN_MS), time_base=MS),
    Clip("a.avi", "mpeg4", SIZE, tuple(range(30)), Fraction(1, 30)),
    Clip("a.webm", "libvpx-vp9", SIZE, IN_MS, MS, options={"cpu-used": "8"}),
    Clip("10-bit.mkv", size=SIZE, stamps=IN_MS, time_base=MS, pix_fmt="yuv420p10le"),
    Clip("rgb.mkv", "libx264rgb", SIZE, IN_MS, MS, "rgb24"),
    Clip("full-range.mkv", size=SIZE, stamps=IN_MS, time_base=MS, pix_fmt="yuvj420p"),
    Clip("a.gif", "gif", SIZE, (0, 4, 8, 40, 44, 120), MS * 10, "rgb8"),
    Clip("long.gif", "gif", SIZE, (0, 4, 8), MS * 10, "rgb8", muxer={"final_delay": "150"}),
    Clip("variable.mp4", size=SIZE, stamps=(0, 100, 133, 500, 800, 1900, 2000), time_base=MS),
    Clip("variable.mkv", size=SIZE, stamps=(0, 100, 133, 500, 800, 1900, 2000), time_base=MS),
    Clip("fragments.mp4", size=SIZE, muxer={"movflags": "frag_every_frame+empty_moov"}),
    Clip("quarter.mp4", size=SIZE, rotation=90),
    Clip("half.mp4", size=SIZE, rotation=180),
    Clip("odd.mkv", size=(481, 271), stamps=IN_MS, time_base=MS, pix_fmt="yuv444p"),
    Clip("odd-turned.mkv", size=(481, 271), pix_fmt="yuv444p", rotation=270),
    Clip("one.mp4", size=SIZE, stamps=(0,)),
    Clip("exif.avi", "mjpeg", SIZE, tuple(range(30)), FRAME_S, "yuvj420p", rotation=90, exif=True),
]


def overlay(pts: int, *emotions: str, box: tuple[float, ...] = BOX) -> Overlay:
    """The result of a frame with one face for each emotion, one above the other."""
    count = len(emotions)
    boxes = np.array([box] * count, np.float32).reshape(count, 4)
    boxes[:, 1] -= 60 * np.arange(count)
    probabilities = np.full((count, 7), 0.05, np.float32)
    for row, emotion in zip(probabilities, emotions, strict=True):
        row[EMOTIONS.index(emotion)] = 0.7
    tracks = np.arange(1, count + 1, dtype=np.int32)
    return Overlay(pts, 0.0, boxes, tracks, probabilities)


@dataclass(frozen=True)
class Shown:
    """A frame of an output: number painted on it, time, and its picture as RGB."""

    number: int
    time_s: float
    rgb: NDArray[np.uint8]


def shown(path: Path) -> list[Shown]:
    with av.open(str(path)) as container:
        return [
            Shown(
                read_number(frame.to_ndarray(format="gray")),
                float(frame.pts * frame.time_base),
                frame.to_ndarray(format="rgb24"),
            )
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Time and content of the packets of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [
            (float(p.pts * p.time_base), bytes(p))
            for p in container.demux(stream)
            if p.size and p.pts is not None
        ]


def sampled(path: Path) -> list[int]:
    with VideoSource(path, SampleConfig(fps=5)) as source:
        return [frame.pts for frame in source.frames()]


@pytest.fixture(scope="module", params=CLIPS, ids=lambda clip: clip.name)
def rendered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Clip, Path, Path]:
    clip: Clip = request.param
    directory = tmp_path_factory.mktemp("rendered")
    path, out = write(clip, directory), directory / "out" / "annotated.mp4"
    render(path, [overlay(pts, "happy") for pts in sampled(path)], out, FINE)
    return clip, path, out


def test_every_frame_is_shown_once_at_its_time(rendered: tuple[Clip, Path, Path]) -> None:
    clip, _, out = rendered
    frames = shown(out)
    assert [frame.number for frame in frames] == list(range(len(clip.stamps)))
    begin = clip.times_s[0]
    expected = [time - begin for time in clip.times_s]
    assert [frame.time_s - frames[0].time_s for frame in frames] == pytest.approx(
        expected, abs=1e-3
    )
    assert frames[0].time_s == pytest.approx(0, abs=1e-3)


def test_the_output_lasts_as_long_as_its_source(rendered: tuple[Clip, Path, Path]) -> None:
    clip, _, out = rendered
    last_s = int(clip.muxer.get("final_delay", 0)) / 100 or float(FRAME_S)
    length = clip.times_s[-1] - clip.times_s[0] + last_s
    with av.open(str(out)) as made:
        stream = made.streams.video[0]
        assert made.duration is not None
        assert stream.duration is not None
        assert stream.time_base is not None
        of_stream = float(stream.duration * stream.time_base)
        of_all = made.duration / av.time_base
    if clip.sound is None:
        assert of_all == pytest.approx(length, abs=float(FRAME_S))
    assert of_stream == pytest.approx(length, abs=float(FRAME_S))


def test_the_last_frame_ends_with_its_edit_list(tmp_path: Path) -> None:
    path = end_early(write(Clip("a.mp4", size=SIZE), tmp_path), by_ms=25)
    out = tmp_path / "out.mp4"
    render(path, [], out, FINE)
    assert [frame.number for frame in shown(out)] == list(range(30))
    with av.open(str(out)) as made:
        assert made.duration is not None
        assert made.duration / av.time_base == pytest.approx(1 - 0.025, abs=0.002)


def test_the_output_is_what_browsers_play(rendered: tuple[Clip, Path, Path]) -> None:
    clip, _, out = rendered
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(out)) as made:
        stream = made.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        width, height = clip.size
        assert (stream.width, stream.height) == (width + width % 2, height + height % 2)
        assert next(made.decode(stream)).rotation == 0


def test_only_the_patches_differ_from_the_source(rendered: tuple[Clip, Path, Path]) -> None:
    clip, path, out = rendered
    with VideoSource(path, SampleConfig(fps="all"), long_side=4096) as source:
        before = next(source.frames()).bgr[:, :, ::-1].astype(int)
    after = shown(out)[0].rgb[: clip.size[1], : clip.size[0]].astype(int)
    difference = abs(after.mean(axis=2) - before.mean(axis=2))
    assert difference[:180, :300].mean() < 4
    assert difference[202:248, 404:456].mean() < 12  # within the box: dithered colours of GIF
    red, green, blue = bytes.fromhex(EMOTION_COLOURS["happy"][1:])
    assert after[200:202, 410:450].mean(axis=(0, 1)) == pytest.approx((red, green, blue), abs=40)
    assert difference[200:270, 310:395].mean() > 25  # the panel


def test_frames_carry_the_latest_result(tmp_path: Path) -> None:
    path = write(Clip("a.mp4", size=SIZE), tmp_path)
    results = [overlay(5 * 512, "sad"), overlay(10 * 512), overlay(20 * 512, "angry", "fear")]
    out = tmp_path / "out.mp4"
    render(path, iter(results), out, FINE)
    frames = shown(out)
    plain = frames[0].rgb.astype(int)
    drawn = [
        bool(abs(frame.rgb.astype(int) - plain)[200:202, 410:450].mean() > 25) for frame in frames
    ]
    assert drawn == [5 <= index < 10 or index >= 20 for index in range(30)]
    second = abs(frames[25].rgb.astype(int) - plain)[140:142, 410:450].mean()
    assert second > 25


@pytest.mark.parametrize(
    ("name", "sound", "expected"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.mp4", "libmp3lame", "mp3float"),
        ("a.webm", "libopus", "opus"),
        ("a.mkv", "flac", "flac"),
        ("a.mov", "pcm_s16le", "aac"),
        ("a.mkv", "ac3", "aac"),
        ("a.mkv", "mp2", "aac"),
    ],
)
def test_sound_is_kept(name: str, sound: str, expected: str, tmp_path: Path) -> None:
    codec = "libvpx" if name.endswith("webm") else "libx264"
    clip = Clip(name, codec, SIZE, IN_MS, MS, sound=sound)
    path, out = write(clip, tmp_path), tmp_path / "out.mp4"
    render(path, [], out, FINE)
    with av.open(str(out)) as made, av.open(str(path)) as source:
        stream = made.streams.audio[0]
        assert stream.codec_context.name == expected
        assert (stream.rate, stream.layout.name) == (48_000, "stereo")
        same_codec = source.streams.audio[0].codec_context.name == expected
    before, after = packets(path, "audio"), packets(out, "audio")
    if same_codec:
        assert [data for _, data in after] == [data for _, data in before]
    assert after[-1][0] == pytest.approx(before[-1][0], abs=0.05)


@pytest.mark.parametrize("sound_start_s", [0.2, 1.0, 1.7])
@pytest.mark.parametrize("sound", ["aac", "pcm_s16le"])
def test_sound_and_picture_keep_their_distance(
    sound: str, sound_start_s: float, tmp_path: Path
) -> None:
    stamps = tuple(1000 + ms for ms in IN_MS)
    clip = Clip("a.mkv", "libx264", SIZE, stamps, MS, sound=sound, sound_start_s=sound_start_s)
    path, out = write(clip, tmp_path), tmp_path / "out.mp4"
    render(path, [], out, FINE)

    def starts(file: Path) -> dict[str, float]:
        with av.open(str(file)) as container:
            found = {"video": [], "audio": []}
            for frame in container.decode():
                found["video" if isinstance(frame, av.VideoFrame) else "audio"].append(frame.time)
            return {kind: min(times) for kind, times in found.items()}

    before, after = starts(path), starts(out)
    distance = before["audio"] - before["video"]
    assert after["audio"] - after["video"] == pytest.approx(distance, abs=0.03)
    assert min(after.values()) == pytest.approx(0, abs=0.03)


def test_a_damaged_video_is_rendered_as_far_as_it_decodes(tmp_path: Path) -> None:
    clip = Clip("a.mkv", size=SIZE, stamps=IN_MS, time_base=MS, options={"g": "5"}, sound="aac")
    path = write(clip, tmp_path)
    for source in (damage(path, range(10, 12)), cut(path, 0.7)):
        out = tmp_path / f"{source.name}.mp4"
        render(source, [overlay(0, "happy")], out, FINE)
        frames = shown(out)
        assert 8 < len(frames) <= 30
        assert [frame.number for frame in frames[:5]] == list(range(5))


def test_progress_rises_to_one(tmp_path: Path) -> None:
    done: list[float] = []
    render(write(Clip("a.mp4", size=SIZE), tmp_path), [], tmp_path / "o.mp4", FINE, done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert len(done) > 10


def failing(error: Exception) -> Iterator[Overlay]:
    yield overlay(0, "happy")
    raise error


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = write(Clip("a.mp4", size=SIZE), tmp_path)
    out = tmp_path / "made" / "out.mp4"
    out.parent.mkdir()
    out.write_text("old")
    for error, raised in ((ValueError("x"), ValueError), (OSError("disk full"), RenderError)):
        with pytest.raises(raised):
            render(path, failing(error), out, FINE)
        assert out.read_text() == "old"
        assert list(out.parent.iterdir()) == [out]


def test_unusable_inputs_and_outputs_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoVideoStream):
        render(write_sound(tmp_path / "s.mp4"), [], tmp_path / "o.mp4")
    assert not (tmp_path / "o.mp4").exists()
    path = write(Clip("a.mp4", size=SIZE, stamps=(0,)), tmp_path)
    with pytest.raises(RenderError, match="cannot be written"):
        render(path, [], path / "below-a-file.mp4")
