"""Labelled faces in memory, read from Parquet.

A face is 48×48 bytes, so FER2013 whole is 80 MB: it is held as uint8 and never streamed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.errors import DatasetError
from fer_core.types import ByteArray, FloatArray

VOTES = ("neutral happiness surprise sadness anger disgust fear contempt unknown NF").split()
"""FER+'s ten columns (Barsoum et al., 2016), each with the prefix `fp_` in the files."""

# Where each emotion stands among the votes; contempt, unknown and no-face have no place here.
_VOTES_OF_EMOTIONS = [
    VOTES.index(v) for v in "anger disgust fear happiness sadness surprise neutral".split()
]


@dataclass(frozen=True)
class FaceSet:
    """n labelled faces.

    Args:
        name: of the file they came from.
        images: (n, size, size) uint8, grey.
        labels: (n,) int64, indices into `EMOTIONS`.
        votes: (n, 10) float32 FER+ vote counts in the order of `VOTES`, or None.
    """

    name: str
    images: ByteArray
    labels: np.ndarray
    votes: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, keep: np.ndarray) -> "FaceSet":
        """Those faces where `keep` (n,) is true."""
        votes = None if self.votes is None else self.votes[keep]
        return FaceSet(self.name, self.images[keep], self.labels[keep], votes)

    def counts(self) -> dict[str, int]:
        """How many faces each emotion has."""
        numbers = np.bincount(self.labels, minlength=NUM_EMOTIONS)
        return dict(zip(EMOTIONS, numbers.tolist(), strict=True))

    def digests(self) -> np.ndarray:
        """(n,) uint64, the first bytes of each picture's SHA-256: equal for equal pictures."""
        whole = [hashlib.sha256(image.tobytes()).digest()[:8] for image in self.images]
        return np.frombuffer(b"".join(whole), np.uint64)

    def fingerprint(self) -> str:
        """16 hex digits over all pictures and labels, in their order."""
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.astype(np.int64).tobytes())
        return digest.hexdigest()[:16]

    def emotion_votes(self) -> FloatArray:
        """(n, 7) shares of the FER+ votes for the seven emotions; rows without any are 0."""
        assert self.votes is not None
        votes = self.votes[:, _VOTES_OF_EMOTIONS]
        return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)


def load_faces(path: Path, split: str | None = None) -> FaceSet:
    """All labelled faces of a Parquet file or of a directory of them.

    Args:
        path: the file, with the columns `image` (encoded bytes) and `label` (0–6, FER2013's
            order); `usage` and the ten `fp_…` vote counts are optional.
        split: only rows with this `usage`.

    Raises:
        DatasetError: the file cannot be read, lacks a column, or holds a damaged picture.
    """
    table = _read(path)
    if split is not None:
        table = _rows_of(table, split, path)
    if not len(table):
        raise DatasetError(f"{path}: expected labelled faces, got none; is it the right file?")
    labels = table["label"].to_numpy().astype(np.int64)
    if labels.min() < 0 or labels.max() >= NUM_EMOTIONS:
        raise DatasetError(
            f"{path}: expected labels 0–{NUM_EMOTIONS - 1}, got {labels.min()}–{labels.max()}"
        )
    columns = [f"fp_{name}" for name in VOTES]
    votes = None
    if set(columns) <= set(table.column_names):
        votes = np.stack([table[c].to_numpy() for c in columns], axis=1).astype(np.float32)
    return FaceSet(path.name, _decode(table["image"].to_pylist(), path), labels, votes)


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"cannot read faces from {path}: {error}") from error
    missing = {"image", "label"} - set(table.column_names)
    if missing:
        raise DatasetError(
            f"{path}: expected the columns image and label, got {', '.join(table.column_names)}"
        )
    return table


def _rows_of(table: pa.Table, split: str, path: Path) -> pa.Table:
    if "usage" not in table.column_names:
        raise DatasetError(f"{path}: has no column usage, so the split {split!r} cannot be taken")
    usage = table["usage"].to_numpy()
    if split not in usage:
        known = ", ".join(sorted(map(str, set(usage))))
        raise DatasetError(f"{path}: expected one of the splits {known}, got {split!r}")
    return table.filter(pa.array(usage == split))


def _decode(pictures: list[Any], path: Path) -> ByteArray:
    images = []
    for row, picture in enumerate(pictures):
        data = picture["bytes"] if isinstance(picture, dict) else picture
        array = np.frombuffer(data or b"", np.uint8)
        image = cv2.imdecode(array, cv2.IMREAD_GRAYSCALE) if len(array) else None
        if image is None:
            raise DatasetError(f"{path}: row {row} holds no readable picture")
        images.append(image)
    sizes = {image.shape for image in images}
    if len(sizes) > 1 or not all(height == width for height, width in sizes):
        raise DatasetError(f"{path}: expected square pictures of one size, got {sorted(sizes)[:5]}")
    return np.stack(images)
