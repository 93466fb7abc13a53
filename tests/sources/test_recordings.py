"""The source's contract on real recordings, where they are there."""

import itertools
from pathlib import Path

import pytest

from fer_core.config import SampleConfig
from fer_core.sources.video import VideoSource
from tests.clips import ffprobe_times

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "video"
SUFFIXES = (".mp4", ".mov", ".mkv", ".gif", ".jpg")
FILES = sorted(path for path in RECORDINGS.glob("*/*") if path.suffix in SUFFIXES)

pytestmark = pytest.mark.skipif(not FILES, reason=f"no recordings in {RECORDINGS}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_frame_once_with_the_time_ffprobe_gives(path: Path) -> None:
    with VideoSource(path, SampleConfig(fps="all")) as source:
        frames = [(frame.frame_index, frame.time_s) for frame in source.frames()]
        assert source.stats.damage is None
    assert [index for index, _ in frames] == list(range(len(frames)))
    assert [time for _, time in frames] == pytest.approx(ffprobe_times(path), abs=1e-6)
    assert all(a < b for (_, a), (_, b) in itertools.pairwise(frames))


@pytest.mark.parametrize("path", FILES[-6:], ids=lambda path: path.name)
def test_skipping_keeps_index_and_time(path: Path) -> None:
    with VideoSource(path, SampleConfig(fps="all")) as source:
        truth = {frame.frame_index: frame.time_s for frame in source.frames()}
    with VideoSource(path, SampleConfig(fps=5, skip="nonref")) as source:
        sparse = {frame.frame_index: frame.time_s for frame in source.frames()}
    assert sparse
    assert sparse.items() <= truth.items()
