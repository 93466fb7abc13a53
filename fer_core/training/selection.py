"""Which faces a run learns from and is measured by."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.config import DataConfig
from fer_core.training.dataset import FaceSet
from fer_core.training.source import load_faces

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """The faces of a run, after what the configuration leaves out."""

    train: FaceSet
    validation: FaceSet


def load_data(config: DataConfig) -> TrainingData:
    """Reads, selects and checks a run's faces.

    Raises:
        InputError, DatasetError: a file is missing or unusable, its pictures have another size
            than `config.size`, or an emotion has no face.
    """
    train = _load(config.train, config.train_split, config.size)
    validation = _load(config.validation, config.validation_split, config.size)
    for faces in (train, validation):
        _check_size(faces, config.size)
    keep = np.ones(len(train), bool)
    if config.drop_blank:
        keep &= np.ptp(train.images, axis=(1, 2)) > 0
    if config.drop_leaks:
        keep &= ~np.isin(train.digests(), validation.digests())
    log.info("%s: %d faces, %d left out", train.name, keep.sum(), (~keep).sum())
    train = train.only(keep)
    for faces in (train, validation):
        _check_classes(faces)
    return TrainingData(train, validation)


def _load(path: Path, split: str | None, size: int) -> FaceSet:
    faces, findings = load_faces(path, size, split)
    for kind, number in findings.items():
        log.warning("%s: %d × %s", path, number, kind)
    return replace(faces, name=f"{faces.name} ({split})") if split else faces


def _check_size(faces: FaceSet, size: int) -> None:
    side = faces.images.shape[1]
    if side != size:
        raise DatasetError(
            f"{faces.name}: expected pictures of {size} pixels (data.size), got {side}; "
            f"set data.size={side} or prepare the data again"
        )


def _check_classes(faces: FaceSet) -> None:
    empty = [name for name, count in faces.counts().items() if not count]
    if empty:
        raise DatasetError(
            f"{faces.name}: expected faces of all of {', '.join(EMOTIONS)}, "
            f"got none of {', '.join(empty)}; add some"
        )
