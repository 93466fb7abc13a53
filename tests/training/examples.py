"""Small made-up faces."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.training.dataset import VOTES

SIZE = 24
PER_CLASS = 72


def made_up_faces(seed: int, classes: range = range(7)) -> tuple[np.ndarray, np.ndarray]:
    """(n, SIZE, SIZE) uint8 and labels: each class is a bright square at a place of its own."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.array(classes), PER_CLASS)
    images = rng.integers(0, 90, (len(labels), SIZE, SIZE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = divmod(int(label), 3)
        image[top * 8 : top * 8 + 7, left * 8 : left * 8 + 7] += 150
    order = rng.permutation(len(labels))
    return images[order], labels[order]


def write_faces(
    file: Path, images: np.ndarray, labels: np.ndarray, usage: str | list[str] = "Training"
) -> Path:
    """A file with the columns of FER2013 and FER+, in which all ten taggers agree."""
    pictures = [cv2.imencode(".png", image)[1].tobytes() for image in images]
    places = [
        VOTES.index(v) for v in "anger disgust fear happiness sadness surprise neutral".split()
    ]
    votes = np.zeros((len(labels), len(VOTES)), np.int8)
    votes[np.arange(len(labels)), np.array(places)[labels]] = 10
    usage = [usage] * len(labels) if isinstance(usage, str) else usage
    columns: dict[str, Any] = {"image": pictures, "label": labels, "usage": usage}
    columns |= {f"fp_{name}": votes[:, i] for i, name in enumerate(VOTES)}
    pq.write_table(pa.table(columns), file)
    return file
