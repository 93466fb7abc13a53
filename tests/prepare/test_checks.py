"""What is found wrong, and what is left out for it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut
from skimage.transform import resize

from fer_core.training.prepare import PrepareConfig
from fer_core.training.prepare.checks import Group, check, choose_drops, near_pairs
from fer_core.training.prepare.config import DropConfig
from fer_core.training.prepare.sample import KINDS, Sample
from tests.prepare.examples import noise, sample

A, B, C, D = noise(4)
BLACK = np.zeros((48, 48), np.uint8)


def found(samples: list[Sample], **config) -> dict[str, list[tuple[int, ...]]]:
    by_kind: dict[str, list[tuple[int, ...]]] = {}
    for group in check(samples, PrepareConfig.model_validate(config)):
        by_kind.setdefault(group.kind, []).append(group.members)
    assert set(by_kind) <= set(KINDS)
    return by_kind


def test_nothing_is_found_in_clean_data() -> None:
    assert found([sample(face, split="train") for face in (A, B, C)]) == {}


def test_duplicates_conflicts_and_leaks() -> None:
    samples = [
        sample(A, 0, "train"),
        sample(A, 0, "train"),
        sample(B, 1, "train"),
        sample(B, 2, "train"),
        sample(C, 3, "train"),
        sample(C, 3, "validation"),
        sample(D, 4, "test"),
    ]
    assert found(samples) == {
        "duplicate": [(0, 1), (2, 3), (4, 5)],
        "conflict": [(2, 3)],
        "leak": [(4, 5)],
    }


def test_blank_and_wrong_sizes() -> None:
    small, wide = noise(1, size=32)[0], A[:40]
    samples = [sample(BLACK, 0, "train"), sample(BLACK + 9, 0, "train")]
    samples += [sample(small, 1, "train"), sample(wide, 2, "train")]
    assert {kind: found(samples)[kind] for kind in ("blank", "wrong_size", "not_square")} == {
        "blank": [(0,), (1,)],
        "wrong_size": [(2,)],
        "not_square": [(3,)],
    }


def test_blank_pictures_are_not_near_each_other() -> None:
    samples = [sample(BLACK + grey, 0, "train") for grey in range(4)]
    assert set(found(samples)) == {"blank"}


def test_near_duplicates_are_the_same_photo_in_another_light() -> None:
    face = (resize(astronaut()[:160, 150:310].mean(axis=2), (48, 48)) * 0.8).astype(np.uint8)
    brighter = np.clip(face.astype(int) + 12, 0, 255).astype(np.uint8)
    samples = [sample(face, 0, "train"), sample(A, 0, "train"), sample(brighter, 0, "validation")]
    assert found(samples) == {"near_duplicate": [(0, 2)], "near_leak": [(0, 2)]}
    drops = choose_drops(samples, check(samples, PrepareConfig()), DropConfig(near_leaks=True))
    assert drops == {0: "near_leak"}


def test_subjects_in_two_splits_of_the_source() -> None:
    samples = [sample(A, 0, "train", "s1_a.png"), sample(B, 0, "test", "s1_b.png")]
    assert found(samples, split={"subjects": r"(s\d)_"})["subject_leak"] == [(0, 1)]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.integers(0, 16), st.data())
def test_near_pairs_are_those_that_comparing_all_with_all_finds(
    hashes: list[int], distance: int, data: st.DataObject
) -> None:
    flips = st.lists(st.integers(0, 63), max_size=20)
    for value in hashes[:5]:  # neighbours, since random hashes have none
        hashes.append(value ^ sum({1 << bit for bit in data.draw(flips)}))
    expected = [
        (i, j, (hashes[i] ^ hashes[j]).bit_count())
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (hashes[i] ^ hashes[j]).bit_count() <= distance
    ]
    assert near_pairs(np.array(hashes, np.uint64), distance) == expected


SAMPLES = [
    sample(BLACK, 0, "train"),
    sample(BLACK, 0, "validation"),
    sample(A, 1, "train"),
    sample(A, 1, "train"),
    sample(A, 1, "validation"),
    sample(B, 2, "train"),
    sample(B, 3, "train"),
    sample(C, 4, "validation"),
    sample(C, 4, "validation"),
]


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        ({}, {}),
        ({"blank": True}, {0: "blank"}),
        ({"blank": True, "where": "all"}, {0: "blank", 1: "blank"}),
        ({"leaks": True}, {0: "leak", 2: "leak", 3: "leak"}),
        ({"conflicts": True}, {5: "conflict", 6: "conflict"}),
        ({"duplicates": True}, {3: "duplicate", 6: "duplicate"}),
        ({"duplicates": True, "where": "all"}, {3: "duplicate", 6: "duplicate", 8: "duplicate"}),
        (
            {"duplicates": True, "conflicts": True, "leaks": True, "blank": True},
            {0: "blank", 5: "conflict", 6: "conflict", 2: "leak", 3: "leak"},
        ),
    ],
)
def test_only_what_was_told_is_left_out(drop: dict, expected: dict[int, str]) -> None:
    groups = check(SAMPLES, PrepareConfig())
    assert choose_drops(SAMPLES, groups, DropConfig.model_validate(drop)) == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["train", "validation", "test"]))))
def test_after_dropping_leaks_and_duplicates_there_are_none(pictures: list) -> None:
    faces = noise(5)
    samples = [sample(faces[which], which, split) for which, split in pictures]
    config = DropConfig(leaks=True, duplicates=True, where="all")
    drops = choose_drops(samples, check(samples, PrepareConfig()), config)
    rest = [one for index, one in enumerate(samples) if index not in drops]
    groups: list[Group] = check(rest, PrepareConfig())
    assert {(one.digest, one.split) for one in rest if one.split != "train"} == {
        (one.digest, one.split) for one in samples if one.split != "train"
    }
    for group in groups:
        assert "train" not in {rest[index].split for index in group.members}


def test_every_kind_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
