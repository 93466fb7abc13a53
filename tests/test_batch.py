"""What a run does at once."""

import os
import tempfile
from itertools import chain
from pathlib import Path, PurePath

from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.batch import group_name, in_groups
from fer_core.ledger import Decision, Todo
from fer_core.types import VideoRef

MB = 1 << 20


def work(directory: Path, sizes_mb: list[int]) -> list[Decision]:
    """Files of these sizes (they take no room), each to be analysed."""
    decisions = []
    for number, size_mb in enumerate(sizes_mb):
        path = directory / f"{number:03}.mp4"
        path.touch()
        os.truncate(path, size_mb * MB)
        decisions.append(Decision(VideoRef(path, PurePath(path.name)), Todo.ANALYSE, None))
    return decisions


def lengths(directory: Path, sizes_mb: list[int], workers: int = 1) -> list[int]:
    return [len(group) for group in in_groups(work(directory, sizes_mb), workers)]


def test_a_handful_of_small_videos_stays_single_so_that_all_workers_have_work(
    tmp_path: Path,
) -> None:
    assert lengths(tmp_path, [1] * 3, workers=2) == [1, 1, 1]
    assert lengths(tmp_path, [1] * 31, workers=2) == [1] * 31


def test_many_small_videos_share_groups(tmp_path: Path) -> None:
    assert lengths(tmp_path, [0] * 32, workers=2) == [2] * 16
    assert lengths(tmp_path, [0] * 1000, workers=1) == [100] * 10


def test_large_videos_stand_alone_and_small_ones_share_32_mb(tmp_path: Path) -> None:
    assert lengths(tmp_path, [16] * 24) == [2] * 12
    small = [1] * 60
    expected = [15, 15, 15, 15, 1, 1, 15, 15, 15, 15]
    assert lengths(tmp_path, [*small, 500, 500, *small]) == expected


def test_a_group_is_called_after_its_first_and_last_video(tmp_path: Path) -> None:
    group = tuple(work(tmp_path, [0] * 3))
    assert group_name(group) == "000.mp4 … 002.mp4 (3 videos)"
    assert group_name(group[:1]) == "000.mp4"


def test_a_file_that_is_gone_is_grouped_like_an_empty_one(tmp_path: Path) -> None:
    decisions = work(tmp_path, [0] * 16)
    decisions[3].video.path.unlink()
    assert [len(group) for group in in_groups(decisions, 1)] == [2] * 8


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=80), st.integers(1, 4))
def test_groups_hold_everything_once_in_order_within_their_limits(
    sizes_mb: list[int], workers: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        decisions = work(Path(directory), sizes_mb)
        groups = in_groups(decisions, workers)
        assert list(chain.from_iterable(groups)) == decisions
        for group in groups:
            total = sum(decision.video.path.stat().st_size for decision in group)
            assert len(group) == 1 or total <= 32 * MB
            assert len(group) == 1 or len(group) * workers * 8 <= len(decisions)
