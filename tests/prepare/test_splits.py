"""Splits are disjoint, stratified, reproducible, and never part what belongs together."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fer_core.errors import DatasetError
from fer_core.training.prepare.config import SplitConfig
from fer_core.training.prepare.splits import assign_splits, share_out
from tests.prepare.examples import noise, sample

SHARES = (0.8, 0.1, 0.1)


@given(st.lists(st.integers(0, 6), min_size=3, max_size=300), st.integers(0, 99))
def test_single_pictures_are_stratified_to_within_two(labels: list[int], seed: int) -> None:
    chosen = share_out(np.array(labels), [str(i) for i in range(len(labels))], SHARES, seed)
    assert set(chosen) == {0, 1, 2}
    for label in set(labels):
        count = labels.count(label)
        got = [int(np.sum(chosen[np.array(labels) == label] == split)) for split in range(3)]
        assert sum(got) == count
        # Two, since no split may stay empty, be there ever so few pictures.
        assert all(abs(n - count * share) <= 2 for n, share in zip(got, SHARES, strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), min_size=1, max_size=200),
    st.integers(0, 99),
)
def test_groups_are_never_parted_and_the_seed_decides(
    pictures: list[tuple[int, int]], seed: int
) -> None:
    labels, groups = np.array([p[0] for p in pictures]), [f"p{p[1]}" for p in pictures]
    if len(set(groups)) < 3:
        with pytest.raises(DatasetError, match="at least 3 different"):
            share_out(labels, groups, SHARES, seed)
        return
    chosen = share_out(labels, groups, SHARES, seed)
    splits = defaultdict(set)
    for group, split in zip(groups, chosen, strict=True):
        splits[group].add(int(split))
    assert all(len(found) == 1 for found in splits.values())
    assert set(chosen) == {0, 1, 2}
    np.testing.assert_array_equal(chosen, share_out(labels, groups, SHARES, seed))


def test_another_seed_is_another_split() -> None:
    labels, groups = np.zeros(100, int), [str(index) for index in range(100)]
    first, second = (share_out(labels, groups, SHARES, seed) for seed in (1, 2))
    assert np.any(first != second)


def test_even_subjects_come_near_their_shares() -> None:
    labels = np.tile(np.arange(7), 60)
    groups = [f"s{index // 7}" for index in range(len(labels))]
    chosen = share_out(labels, groups, SHARES, 1)
    assert np.bincount(chosen).tolist() == [336, 42, 42]


@settings(max_examples=25)
@given(st.integers(0, 50))
def test_equal_pictures_and_frames_of_a_video_stay_together(seed: int) -> None:
    faces = noise(20, seed)
    samples = [sample(face, index % 7) for index, face in enumerate([*faces, *faces[:5]])]
    samples += [
        sample(face, 3, name=f"happy/{index % 4}.mp4", cut="video")
        for index, face in enumerate(noise(16, seed + 1000))
    ]
    done = assign_splits(samples, SplitConfig(seed=seed))
    for first, again in zip(done[:5], done[20:25], strict=True):
        assert first.split == again.split
    for video in {s.origin.file for s in done if s.cut == "video"}:
        assert len({s.split for s in done if s.origin.file == video}) == 1


def test_subjects_by_a_pattern_on_the_path() -> None:
    samples = [
        sample(face, index % 7, name=f"happy/S{index % 9:03}_{index}.png")
        for index, face in enumerate(noise(90))
    ]
    done = assign_splits(samples, SplitConfig(subjects=r"(S\d+)_"))
    of_subject = defaultdict(set)
    for one in done:
        of_subject[one.origin.file[9:13]].add(one.split)
    assert len(of_subject) == 9
    assert all(len(splits) == 1 for splits in of_subject.values())
    with pytest.raises(DatasetError, match=r"expected a subject by 'T\(\.\)', got no match"):
        assign_splits(samples, SplitConfig(subjects="T(.)"))


def test_the_source_decides_where_it_says_something() -> None:
    usages = ["Training", "PublicTest", "PrivateTest", None, "odd"] * 8
    samples = [sample(face, 0, usage=u) for face, u in zip(noise(40), usages, strict=True)]
    done = assign_splits(samples, SplitConfig())
    assert [s.split for s in done[:3]] == ["train", "validation", "test"]
    assert {s.split for s in done if s.usage in (None, "odd")} == {"train", "validation", "test"}
    anew = assign_splits(samples, SplitConfig(from_source=False))
    assert sum(s.split == "train" for s in anew) == 32


def test_validation_out_of_train() -> None:
    usages = ["train"] * 80 + ["test"] * 20
    samples = [
        sample(face, index % 4, usage=usages[index]) for index, face in enumerate(noise(100))
    ]
    done = assign_splits(samples, SplitConfig(validation_of_train=0.25))
    splits = [s.split for s in done]
    assert [splits.count(name) for name in ("train", "validation", "test")] == [60, 20, 20]
    assert splits[80:] == ["test"] * 20


@pytest.mark.parametrize("wrong", [{"train": 0.9}, {"subjects": "("}, {"seed": -1}])
def test_settings_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        SplitConfig.model_validate(wrong)
