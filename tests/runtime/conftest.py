"""The shipped models as copies that have a graph for the CPU, and pictures to run them on."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from fer_core.export import export
from fer_core.resources import model_dir
from fer_core.types import ByteArray


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories of `yunet` and `fer-cnn`, by name, newly exported; copy before changing."""
    models = tmp_path_factory.mktemp("models")
    for name in ("yunet", "fer-cnn"):
        shutil.copytree(model_dir(name), models / name)
        export(models / name)
    return {name: models / name for name in ("yunet", "fer-cnn")}


@pytest.fixture(scope="session")
def portrait() -> ByteArray:
    """A picture with one face, BGR: (512, 512, 3) uint8."""
    return np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))


@pytest.fixture(scope="session")
def crops(portrait: ByteArray) -> ByteArray:
    """One face in 40 lights and places: (40, 48, 48, 1) uint8."""
    grey = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(40):
        top, left, side = rng.integers(40, 90), rng.integers(150, 200), rng.integers(100, 160)
        face = cv2.resize(grey[top : top + side, left : left + side], (48, 48))
        pictures.append(np.clip(face * rng.uniform(0.3, 1.2), 0, 255).astype(np.uint8))
    return np.stack(pictures)[..., np.newaxis]
