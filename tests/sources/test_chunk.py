"""Chunks of a video hold the frames of reading it in one go: each once, and the same pictures."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.config import SampleConfig
from fer_core.errors import Uncuttable
from fer_core.sources.base import SourceStats
from fer_core.sources.chunk import ChunkSource, Reach, cut
from fer_core.sources.video import VideoSource
from fer_core.types import Chunk, Frame
from tests.clips import Clip, damage, write
from tests.clips import cut as cut_off

MS = Fraction(1, 1000)
FOUR_SECONDS = tuple(range(0, 120 * 512, 512))
FOUR_SECONDS_MS = tuple(round(index * 1000 / 30) for index in range(120))
UNEVEN_MS = tuple(index * 33 + index % 7 * 4 + index // 30 * 700 for index in range(120))
LATE_MS = tuple(1533 + ms for ms in FOUR_SECONDS_MS)
PYRAMID = {"bf": "3", "b_strategy": "0", "g": "25"}
QUIET = "log-level=none:keyint=25"

CLIPS = [
    Clip("pyramid.mp4", stamps=FOUR_SECONDS, options=PYRAMID),
    Clip("open.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"x264-params": "open-gop=1"}),
    Clip("eight.mkv", stamps=FOUR_SECONDS_MS, time_base=MS, options=PYRAMID | {"bf": "8"}),
    Clip("uneven.mp4", stamps=UNEVEN_MS, time_base=MS, options=PYRAMID),
    Clip("uneven.mkv", stamps=UNEVEN_MS, time_base=MS, options=PYRAMID),
    Clip("late.mkv", stamps=LATE_MS, time_base=MS, options=PYRAMID),
    Clip("late.mp4", stamps=tuple(9000 + s for s in FOUR_SECONDS), options=PYRAMID),
    Clip("sound.mp4", stamps=FOUR_SECONDS, options=PYRAMID, sound="aac", sound_start_s=1.2),
    Clip("one-key.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"g": "999"}),
    Clip("fields.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"x264-params": "tff=1"}),
    Clip("hevc.mp4", "libx265", stamps=FOUR_SECONDS, options={"x265-params": QUIET}),
    Clip(
        "open-hevc.mkv",
        "libx265",
        stamps=FOUR_SECONDS_MS,
        time_base=MS,
        options={"x265-params": f"{QUIET}:open-gop=1:bframes=4"},
    ),
    Clip("mpeg4.mp4", "mpeg4", stamps=FOUR_SECONDS, options={"bf": "2", "g": "25"}),
    Clip("vp9.webm", "libvpx-vp9", stamps=FOUR_SECONDS_MS, time_base=MS, options={"cpu-used": "8"}),
    Clip(
        "late.ts",
        stamps=tuple(range(0, 120 * 3000, 3000)),
        time_base=Fraction(1, 90_000),
        options=PYRAMID,
    ),
    Clip(
        "mpeg2.ts",
        "mpeg2video",
        stamps=tuple(range(120)),
        time_base=Fraction(1, 30),
        options={"bf": "2", "g": "12"},
    ),
    Clip("mpeg4.avi", "mpeg4", stamps=tuple(range(120)), time_base=Fraction(1, 30)),
]

Seen = tuple[int, int, float, bytes, bytes]
FPS = [5.0, 12.5, "all", "keyframes"]


def seen(frame: Frame) -> Seen:
    return frame.frame_index, frame.pts, frame.time_s, frame.luma.tobytes(), frame.bgr.tobytes()


def in_one_go(path: Path, sample: SampleConfig) -> tuple[list[Seen], SourceStats]:
    with VideoSource(path, sample) as source:
        frames = [seen(frame) for frame in source.frames()]
    return frames, replace(source.stats, media_time_s=0.0)


def chunks_of(path: Path, sample: SampleConfig, chunk_s: float) -> list[Chunk]:
    with VideoSource(path, sample) as source:
        return cut(source, chunk_s)


def read(path: Path, chunk: Chunk, sample: SampleConfig) -> tuple[list[Frame], SourceStats, Reach]:
    with ChunkSource(path, chunk, sample) as source:
        return list(source.frames()), source.stats, source.reach


def in_chunks(path: Path, sample: SampleConfig, chunk_s: float) -> tuple[list[Seen], SourceStats]:
    """All chunks of a video behind each other, the last one read first."""
    chunks = chunks_of(path, sample, chunk_s) or [Chunk(0, 1, None, None, 0.0, 0.0)]
    results = [read(path, chunk, sample) for chunk in reversed(chunks)][::-1]
    frames: list[Seen] = []
    total, before = SourceStats(), 0
    for found, stats, reach in results:
        frames += [seen(replace(f, frame_index=before + f.frame_index)) for f in found]
        before += reach.packets
        total.frames_decoded += stats.frames_decoded
        total.frames_sampled += stats.frames_sampled
        total.frames_corrupt += stats.frames_corrupt
        total.first_damage = total.first_damage or stats.first_damage
        total.ends_early = stats.ends_early
    for (_, _, first), (_, _, second) in pairwise(results):
        assert second.first_byte <= first.last_byte
    return frames, total


@pytest.fixture(scope="module", params=CLIPS, ids=lambda clip: clip.name)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(request.param, tmp_path_factory.mktemp("clips"))


@pytest.mark.parametrize("fps", FPS)
@pytest.mark.parametrize("chunk_s", [0.3, 1.0, 1.7])
def test_every_frame_comes_once_and_is_the_same(
    path: Path, fps: float | str, chunk_s: float
) -> None:
    sample = SampleConfig.model_validate({"fps": fps})
    (frames, stats), (expected, whole) = in_chunks(path, sample, chunk_s), in_one_go(path, sample)
    assert frames == expected
    if (path.name, fps) != ("open.mp4", "keyframes"):  # FFmpeg lets these out in a wrong order
        assert stats == whole


@pytest.mark.parametrize("skip", ["none", "nonref"])
@settings(max_examples=15)
@given(chunk_s=st.floats(0.05, 3.9), fps=st.floats(0.2, 60), which=st.integers(0, len(CLIPS) - 1))
def test_wherever_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, skip: str, chunk_s: float, fps: float, which: int
) -> None:
    path = tmp_path_factory.getbasetemp() / CLIPS[which].name
    path = path if path.exists() else write(CLIPS[which], path.parent)
    sample = SampleConfig.model_validate({"fps": fps, "skip": skip})
    assert in_chunks(path, sample, chunk_s) == in_one_go(path, sample)


def test_chunks_join_and_cover_all(tmp_path: Path) -> None:
    path = write(Clip("late.mkv", stamps=LATE_MS, time_base=MS), tmp_path)
    chunks = chunks_of(path, SampleConfig(fps=0.7), chunk_s=1.0)
    assert [(chunk.index, chunk.count) for chunk in chunks] == [(n, 4) for n in range(4)]
    assert [chunk.start for chunk in chunks] == [None, 2962, 4391, 5819], "1533 + n / 0.7"
    assert [chunk.end for chunk in chunks] == [2962, 4391, 5819, None]
    assert chunks[0].start_s == 0.0
    assert [a.end_s for a in chunks[:-1]] == [b.start_s for b in chunks[1:]]


@pytest.mark.parametrize(
    "clip",
    [
        Clip("order.avi", stamps=tuple(range(120)), time_base=Fraction(1, 30), options=PYRAMID),
        Clip("raw.h264", stamps=FOUR_SECONDS, options=PYRAMID),
        Clip("short.mp4"),
    ],
    ids=lambda clip: clip.name,
)
def test_what_has_no_times_of_its_own_or_is_short_stays_whole(clip: Clip, tmp_path: Path) -> None:
    assert chunks_of(write(clip, tmp_path), SampleConfig(), chunk_s=1.0) == []


LONG = Clip(
    "long.mp4",
    stamps=tuple(range(0, 240 * 512, 512)),
    options=PYRAMID,
    muxer={"movflags": "+faststart"},
)


@pytest.mark.parametrize("fps", [5.0, "all"])
@pytest.mark.parametrize("broken", [0, 24, 25, 26, 49, 50, 55, 70, 74, 149, 239])
def test_damage_counts_once_and_gives_the_same_frames(
    fps: float | str, broken: int, tmp_path: Path
) -> None:
    path = damage(write(LONG, tmp_path), [broken], seed=broken)
    sample = SampleConfig.model_validate({"fps": fps})
    (frames, stats), (expected, whole) = in_chunks(path, sample, 1.0), in_one_go(path, sample)
    assert frames == expected
    assert stats.damage == whole.damage
    assert stats.frames_corrupt == whole.frames_corrupt


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.8, 0.97])
def test_a_cut_file_is_told_as_in_one_go(name: str, part: float, tmp_path: Path) -> None:
    path = cut_off(write(replace(LONG, name=name), tmp_path), part)
    sample = SampleConfig()
    assert in_chunks(path, sample, 1.0) == in_one_go(path, sample)


def test_a_clock_that_goes_back_is_not_cut(tmp_path: Path) -> None:
    first = write(Clip("a.ts", stamps=FOUR_SECONDS, options=PYRAMID), tmp_path)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() * 2)
    last = chunks_of(joined, SampleConfig(), 1.0)[-1]
    with pytest.raises(Uncuttable, match="its clock goes back"):
        read(joined, last, SampleConfig())


def test_a_stream_without_key_frames_is_not_cut(tmp_path: Path) -> None:
    options = PYRAMID | {"x264-params": "intra-refresh=1", "g": "60"}
    path = write(Clip("a.mp4", stamps=FOUR_SECONDS, options=options), tmp_path)
    try:
        found = in_chunks(path, SampleConfig(fps="all"), 1.0)
    except Uncuttable:
        return
    assert found == in_one_go(path, SampleConfig(fps="all"))
