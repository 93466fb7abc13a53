"""What is wrong with a dataset, and which of its pictures are left out for it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from tqdm import tqdm

from fer_core.errors import ConfigError
from fer_core.training.prepare.config import DropConfig, PrepareConfig
from fer_core.training.prepare.labels import split_named
from fer_core.training.prepare.sample import Sample
from fer_core.training.prepare.splits import subject_of
from fer_core.types import ByteArray

HASH_BITS = 64


@dataclass(frozen=True, slots=True)
class Group:
    """Samples about which the same is to be said.

    Args:
        kind: one of `KINDS`.
        members: their indices.
        detail: what exactly was found.
    """

    kind: str
    members: tuple[int, ...]
    detail: str = ""


def check(samples: Sequence[Sample], config: PrepareConfig) -> list[Group]:
    """Everything worth saying of samples that have their splits."""
    equal = defaultdict(list)
    for index, sample in enumerate(samples):
        equal[sample.digest].append(index)
    blank = [members for members in equal.values() if np.ptp(samples[members[0]].image) == 0]
    others = [members for members in equal.values() if members not in blank]
    return [
        *_single_faults(samples, config),
        *(Group("blank", (index,)) for members in blank for index in members),
        *_equal_pictures(samples, equal.values()),
        *_near_pictures(samples, others, config.near_distance),
        *_subjects(samples, config.split.subjects),
    ]


def _single_faults(samples: Sequence[Sample], config: PrepareConfig) -> Iterator[Group]:
    for index, sample in enumerate(samples):
        size = f"{sample.width}×{sample.height}"
        if sample.usage and split_named(sample.usage) is None:
            yield Group("unknown_split", (index,), sample.usage)
        if sample.cut != "given":
            continue
        if sample.width != sample.height:
            yield Group("not_square", (index,), size)
        elif sample.width != config.size:
            yield Group("wrong_size", (index,), size)


def _equal_pictures(samples: Sequence[Sample], groups: Iterable[Sequence[int]]) -> Iterator[Group]:
    for group in groups:
        if len(group) == 1:
            continue
        members = tuple(group)
        yield Group("duplicate", members)
        if len({samples[index].label for index in members}) > 1:
            yield Group("conflict", members)
        if len({samples[index].split for index in members}) > 1:
            yield Group("leak", members)


def _near_pictures(
    samples: Sequence[Sample], groups: Sequence[Sequence[int]], distance: int
) -> Iterator[Group]:
    """Pairs of groups of equal pictures that look alike."""
    hashes = perceptual_hashes([samples[group[0]].image for group in groups])
    for first, second, bits in near_pairs(hashes, distance):
        members = (*groups[first], *groups[second])
        detail = f"{bits} of {HASH_BITS} bits differ"
        yield Group("near_duplicate", members, detail)
        if len({samples[index].split for index in members}) > 1:
            yield Group("near_leak", members, detail)


def _subjects(samples: Sequence[Sample], subjects: str | None) -> Iterator[Group]:
    """People in two splits: only a source's own splits can do that."""
    if subjects is None:
        return
    people = defaultdict(list)
    for index, sample in enumerate(samples):
        people[subject_of(sample, re.compile(subjects))].append(index)
    for subject, members in people.items():
        if len({samples[index].split for index in members}) > 1:
            yield Group("subject_leak", tuple(members), subject)


def perceptual_hashes(images: Sequence[ByteArray]) -> np.ndarray:
    """(n,) uint64, the signs of each picture's lowest 8×8 cosine coefficients (pHash).

    Raises:
        ConfigError: the package ImageHash is not installed.
    """
    try:  # an extra of this package, and nothing but this needs it
        import imagehash
        from PIL import Image
    except ImportError as error:
        raise ConfigError(
            f"{error}: near duplicates need ImageHash; pip install 'fer-pipeline[train]'"
        ) from error
    bits = [
        imagehash.phash(Image.fromarray(image)).hash.reshape(-1)
        for image in tqdm(images, "hash", unit=" faces", disable=None)
    ]
    packed = np.packbits(np.array(bits, bool).reshape(len(bits), HASH_BITS), axis=1)
    return packed.view(np.uint64).reshape(-1)


def near_pairs(hashes: np.ndarray, distance: int) -> list[tuple[int, int, int]]:
    """All pairs of hashes that differ in at most `distance` bits.

    Cut into one band more than bits may differ, two such hashes are equal in at least one band;
    so only those that share a band are compared, not all with all.

    Args:
        hashes: (n,) uint64.
        distance: most bits that differ.

    Returns:
        (first, second, bits that differ) with first < second, sorted.
    """
    edges = np.linspace(0, HASH_BITS, distance + 2).round().astype(int)
    found: set[tuple[int, int, int]] = set()
    for low, high in pairwise(edges.tolist()):
        band = hashes & np.uint64((1 << high) - (1 << low))
        for first, second in _equal_pairs(band):
            bits = np.bitwise_count(hashes[first] ^ hashes[second])
            near = bits <= distance
            found.update(
                zip(first[near].tolist(), second[near].tolist(), bits[near].tolist(), strict=True)
            )
    return sorted(found)


def _equal_pairs(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices of all pairs of equal values, the smaller index first, some pairs at a time."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    place, step = np.arange(len(order)), 1
    # Equal values stand side by side, so who has no equal `step` places on has none further on.
    while len(place := place[place + step < len(order)]):
        place = place[ranked[place] == ranked[place + step]]
        yield order[place], order[place + step]
        step += 1


def choose_drops(
    samples: Sequence[Sample], groups: Iterable[Group], config: DropConfig
) -> dict[int, str]:
    """Which samples are left out, and the kind of group for which each is.

    Args:
        samples: with their splits.
        groups: as `check` gives them.
        config: what is left out.
    """
    order = ("blank", "conflict", "leak", "near_leak", "duplicate")
    wanted = (
        config.blank, config.conflicts, config.leaks, config.near_leaks, config.duplicates
    )  # fmt: skip
    by_kind = defaultdict(list)
    for group in groups:
        by_kind[group.kind].append(group.members)
    dropped: dict[int, str] = {}
    for kind, is_wanted in zip(order, wanted, strict=True):
        for members in by_kind[kind] if is_wanted else []:
            for index in _droppable(samples, kind, members, config, dropped):
                dropped.setdefault(index, kind)
    return dropped


def _droppable(
    samples: Sequence[Sample],
    kind: str,
    members: Sequence[int],
    config: DropConfig,
    dropped: dict[int, str],
) -> list[int]:
    """Members of one group that its kind takes out of the dataset."""
    train = [index for index in members if samples[index].split == "train"]
    if kind in ("leak", "near_leak"):
        return train if len(train) < len(members) else []
    scope = list(members) if config.where == "all" else train
    if kind != "duplicate":
        return scope
    left = [index for index in scope if index not in dropped]
    first = {samples[index].split: index for index in reversed(left)}
    return [index for index in left if first[samples[index].split] != index]
