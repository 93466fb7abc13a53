"""Frames that no sample and no other frame needs are not decoded, and nobody can tell."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from fer_core.config import SampleConfig
from fer_core.sources.base import SourceStats
from fer_core.sources.h264 import has_frames_only
from fer_core.sources.sampling import SampleGrid
from fer_core.sources.video import VideoSource
from fer_core.types import Frame
from tests.clips import Clip, cut, damage, end_early, start_late, write

MS = Fraction(1, 1000)
FOUR_SECONDS = tuple(range(0, 120 * 512, 512))
FOUR_SECONDS_MS = tuple(round(index * 1000 / 30) for index in range(120))
UNEVEN_MS = tuple(index * 33 + index % 7 * 4 + index // 30 * 700 for index in range(120))
QUIET = "log-level=none"
PYRAMID = {"bf": "3", "b_strategy": "0", "g": "30"}

Seen = tuple[int, int, float, bytes]


def seen(frame: Frame) -> Seen:
    return frame.frame_index, frame.pts, frame.time_s, frame.luma.tobytes()


def sampled(path: Path, fps: float) -> tuple[list[Seen], SourceStats]:
    with VideoSource(path, SampleConfig(fps=fps)) as source:
        return [seen(frame) for frame in source.frames()], source.stats


def picked(path: Path, fps: float) -> tuple[list[Seen], SourceStats]:
    """The same samples, picked from all the frames of the video."""
    with VideoSource(path, SampleConfig(fps="all")) as source:
        start = round(source.info.start_time_s / source.time_base)
        grid = SampleGrid(start, source.time_base, fps)
        return [seen(frame) for frame in source.frames() if grid.takes(frame.pts)], source.stats


SKIPPED = [
    Clip("pyramid.mp4", stamps=FOUR_SECONDS, options=PYRAMID),
    Clip("flat.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"x264-params": "b-pyramid=none"}),
    Clip("eight.mkv", stamps=FOUR_SECONDS_MS, time_base=MS, options=PYRAMID | {"bf": "8"}),
    Clip("open.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"x264-params": "open-gop=1"}),
    Clip("uneven.mp4", stamps=UNEVEN_MS, time_base=MS, options=PYRAMID),
    Clip(
        "late.mkv", stamps=tuple(1533 + ms for ms in FOUR_SECONDS_MS), time_base=MS, options=PYRAMID
    ),
    Clip("sound.mp4", stamps=FOUR_SECONDS, options=PYRAMID, sound="aac", sound_start_s=1.2),
    Clip("deep.mkv", stamps=FOUR_SECONDS_MS, time_base=MS, pix_fmt="yuv420p10", options=PYRAMID),
]
KEPT = [
    Clip("hevc.mp4", "libx265", stamps=FOUR_SECONDS, options={"x265-params": QUIET}),
    Clip(
        "layers.mp4",
        "libx265",
        stamps=FOUR_SECONDS,
        options={"x265-params": f"{QUIET}:temporal-layers=3"},
    ),
    Clip("fields.mp4", stamps=FOUR_SECONDS, options=PYRAMID | {"x264-params": "tff=1"}),
    Clip("mpeg4.mp4", "mpeg4", stamps=FOUR_SECONDS, options={"bf": "2"}),
    Clip(
        "mpeg2.ts",
        "mpeg2video",
        stamps=tuple(range(120)),
        time_base=Fraction(1, 30),
        options={"bf": "2"},
    ),
    Clip("av1.mp4", "libsvtav1", stamps=FOUR_SECONDS, options={"preset": "12"}),
    Clip("order.avi", stamps=tuple(range(120)), time_base=Fraction(1, 30), options=PYRAMID),
    Clip(
        "late.ts",
        stamps=tuple(range(0, 120 * 3000, 3000)),
        time_base=Fraction(1, 90_000),
        options=PYRAMID,
    ),
    Clip("raw.h264", stamps=FOUR_SECONDS, options=PYRAMID),
]


@pytest.mark.parametrize("clip", SKIPPED, ids=lambda clip: clip.name)
def test_samples_are_those_of_decoding_everything(clip: Clip, tmp_path: Path) -> None:
    path = write(clip, tmp_path)
    for fps in (1, 5, 10, 25):
        assert sampled(path, fps)[0] == picked(path, fps)[0]
    stats = sampled(path, 1)[1]
    assert stats.frames_decoded < 110
    assert (stats.frames_corrupt, stats.damage) == (0, None)


@pytest.mark.parametrize("clip", KEPT, ids=lambda clip: clip.name)
def test_where_the_mark_of_unneeded_frames_is_not_exact_all_are_decoded(
    clip: Clip, tmp_path: Path
) -> None:
    path = write(clip, tmp_path)
    for fps in (1, 10):
        samples, stats = sampled(path, fps)
        assert samples == picked(path, fps)[0]
        assert (stats.frames_decoded, stats.damage) == (len(clip.stamps), None)


def test_what_an_edit_list_hides_is_no_part_of_the_grid(tmp_path: Path) -> None:
    whole = write(SKIPPED[0], tmp_path)
    for path in (start_late(whole, by=7 * 512), end_early(whole, by_ms=300)):
        for fps in (1, 5, 10):
            assert sampled(path, fps)[0] == picked(path, fps)[0]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("part", [0.7, 0.8, 0.9, 0.97])
def test_a_cut_file_is_still_told(name: str, part: float, tmp_path: Path) -> None:
    clip = Clip(name, stamps=FOUR_SECONDS, options=PYRAMID, muxer={"movflags": "+faststart"})
    short = cut(write(clip, tmp_path), part)
    (samples, stats), (expected, whole) = sampled(short, 5), picked(short, 5)
    assert stats.damage is not None
    assert stats.damage.split(";")[0] == str(whole.damage).split(";")[0]
    assert stats.damage.startswith("truncated")
    assert samples[:-2] == expected[: len(samples) - 2]
    assert len(expected) - len(samples) <= 1


@pytest.mark.parametrize("broken", range(3, 120, 13))
def test_no_sample_moves_without_a_word(broken: int, tmp_path: Path) -> None:
    path = damage(write(SKIPPED[0], tmp_path), [broken], seed=broken)
    (samples, stats), (expected, _) = sampled(path, 10), picked(path, 10)
    at = broken * 512
    around = range(at - 8 * 512, at + 38 * 512)  # to the second key frame behind it
    assert [s for s in samples if s[1] not in around] == [s for s in expected if s[1] not in around]
    assert samples == expected or stats.damage is not None


def test_behind_damage_everything_is_decoded(tmp_path: Path) -> None:
    path = write(SKIPPED[0], tmp_path)
    whole = sampled(path, 1)[1]
    late = sampled(damage(path, [61]), 1)[1]
    early = sampled(damage(path, [31]), 1)[1]
    assert None not in (late.damage, early.damage)
    assert whole.frames_decoded < late.frames_decoded < early.frames_decoded


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
@pytest.mark.parametrize("options", [{}, {"profile": "baseline"}, {"x264-params": "tff=1"}])
def test_fields_are_known_from_the_parameter_sets(
    name: str, options: dict[str, str], tmp_path: Path
) -> None:
    with av.open(str(write(Clip(name, options=options), tmp_path))) as container:
        extradata = container.streams.video[0].codec_context.extradata
    assert extradata
    assert has_frames_only(extradata) == ("x264-params" not in options)
    assert not has_frames_only(extradata[:9])
    assert not has_frames_only(b"")
