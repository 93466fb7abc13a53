"""Who goes into which split: by what the source says, else stratified and by groups."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fer_core.emotions import NUM_EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.prepare.config import SplitConfig
from fer_core.training.prepare.labels import SPLITS, split_named
from fer_core.training.prepare.sample import Sample


def assign_splits(samples: Sequence[Sample], config: SplitConfig) -> list[Sample]:
    """The same samples, each with its split.

    Raises:
        DatasetError: a path does not match `subjects`, or there are too few groups to share out.
    """
    keep = config.from_source
    splits = [split_named(sample.usage or "") if keep else None for sample in samples]
    groups = group_names(samples, config.subjects)
    open_ = [index for index, split in enumerate(splits) if split is None]
    _share(samples, groups, splits, open_, (config.train, config.validation, config.test), config)
    if config.validation_of_train:
        train = [index for index, split in enumerate(splits) if split == "train"]
        share = config.validation_of_train
        _share(samples, groups, splits, train, (1 - share, share, 0.0), config)
    return [replace(sample, split=split) for sample, split in zip(samples, splits, strict=True)]


def _share(
    samples: Sequence[Sample],
    groups: Sequence[str],
    splits: list[str | None],
    members: Sequence[int],
    shares: tuple[float, float, float],
    config: SplitConfig,
) -> None:
    """Shares out those samples that `members` names."""
    if not members:
        return
    labels = np.array([samples[index].label for index in members])
    chosen = share_out(labels, [groups[index] for index in members], shares, config.seed)
    for index, split in zip(members, chosen, strict=True):
        splits[index] = SPLITS[split]


def group_names(samples: Sequence[Sample], subjects: str | None) -> list[str]:
    """What must stay together has the same name: a person, a video's frames, or equal pictures.

    Raises:
        DatasetError: a path does not match `subjects`.
    """
    if subjects is not None:
        return [subject_of(sample, re.compile(subjects)) for sample in samples]
    return [s.origin.file if s.cut == "video" else s.digest for s in samples]


def subject_of(sample: Sample, pattern: re.Pattern[str]) -> str:
    """The person in a picture, from the path of its file.

    Raises:
        DatasetError: the path does not match.
    """
    match = pattern.search(sample.origin.file)
    subject = match and (match[1] if pattern.groups else match[0])
    if not subject:
        raise DatasetError(
            f"{sample.origin.file}: expected a subject by {pattern.pattern!r}, got no match"
        )
    return subject


def share_out(
    labels: np.ndarray, groups: Sequence[str], shares: Sequence[float], seed: int
) -> np.ndarray:
    """Splits whole groups so that each split has nearly its share of every label.

    Greedy: the largest groups first, in random order where they are equal, each to the split
    that still lacks most of what it has.

    Args:
        labels: (n,) integers, 0–6.
        groups: the group of each of the n.
        shares: what each split is to have; they sum to 1.
        seed: of the order.

    Returns:
        (n,) indices into `shares`.

    Raises:
        DatasetError: there are fewer groups than splits with a share.
    """
    names, group_of = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    has = np.zeros((len(names), NUM_EMOTIONS))
    np.add.at(has, (group_of, labels), 1)
    wanted = [split for split, share in enumerate(shares) if share > 0]
    if len(names) < len(wanted):
        raise DatasetError(
            f"expected at least {len(wanted)} different pictures, videos or subjects for as many "
            f"splits, got {len(names)}; add some, or set a split's share to 0"
        )
    lacking = np.outer(shares, has.sum(axis=0))
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-has.sum(axis=1)[shuffled], kind="stable")]
    chosen = np.full(len(names), -1)
    empty = set(wanted)
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        # No split may stay empty, be the groups ever so uneven.
        candidates = sorted(empty) if left <= len(empty) else wanted
        split = max(candidates, key=lambda split: float(lacking[split] @ has[group]))
        lacking[split] -= has[group]
        chosen[group] = split
        empty.discard(split)
    return chosen[group_of]
