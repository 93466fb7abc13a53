"""Small made-up faces, and one finished run on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fer_core.config import load_config
from fer_core.training.config import TrainConfig
from fer_core.training.dataset import VOTES

SIZE = 24
PER_CLASS = 24


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
    file: Path, images: np.ndarray, labels: np.ndarray, usage: str = "Training"
) -> Path:
    """A file with the columns of FER2013 and FER+, in which all ten taggers agree."""
    pictures = [cv2.imencode(".png", image)[1].tobytes() for image in images]
    places = [
        VOTES.index(v) for v in "anger disgust fear happiness sadness surprise neutral".split()
    ]
    votes = np.zeros((len(labels), len(VOTES)), np.int8)
    votes[np.arange(len(labels)), np.array(places)[labels]] = 10
    columns: dict[str, Any] = {"image": pictures, "label": labels, "usage": [usage] * len(labels)}
    columns |= {f"fp_{name}": votes[:, i] for i, name in enumerate(VOTES)}
    pq.write_table(pa.table(columns), file)
    return file


@pytest.fixture(scope="session")
def faces_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `train.parquet` and `validation.parquet`."""
    directory = tmp_path_factory.mktemp("faces")
    write_faces(directory / "train.parquet", *made_up_faces(1))
    write_faces(directory / "validation.parquet", *made_up_faces(2), usage="PublicTest")
    return directory


@pytest.fixture(scope="session")
def make_config(faces_dir: Path) -> Callable[..., TrainConfig]:
    """Settings of a run that takes seconds; `overrides` are `key=value`."""

    def make(runs: Path, *overrides: str) -> TrainConfig:
        small = [
            f"runs={runs}",
            "name=small",
            "epochs=2",
            "batch_size=32",
            "precision=float32",
            f"data.train={faces_dir / 'train.parquet'}",
            f"data.validation={faces_dir / 'validation.parquet'}",
            f"data.size={SIZE}",
            "model.stem=8",
            "model.widths=[8, 16]",
            "model.blocks=[1, 1]",
            "optimiser.ema=0.5",
            "augment.flip=0",
            "augment.shift=0.04",
        ]
        return load_config(TrainConfig, overrides=[*small, *overrides])

    return make


@pytest.fixture(scope="session")
def finished_run(
    tmp_path_factory: pytest.TempPathFactory, make_config: Callable[..., TrainConfig]
) -> Path:
    """The directory of a run of two epochs."""
    from fer_core.training.train import train

    return train(make_config(tmp_path_factory.mktemp("runs")))
