"""What computing in bfloat16 costs a published classifier."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.runtime.openvino_network import has_bfloat16
from fer_core.training.dataset import FaceSet
from fer_core.training.evaluate import probabilities_of
from fer_core.training.metrics import accuracy
from fer_core.types import FloatArray

TOLERANCE = 0.001
"""Accuracy may move by this much: a tenth of a point."""


def measure_half(model: Path, faces: FaceSet) -> dict[str, Any] | None:
    """Compares bfloat16 with float32 on labelled faces.

    Args:
        model: directory of a published classifier with a graph for the CPU.
        faces: of its input size.

    Returns:
        `allowed`, whether accuracy stays within `TOLERANCE`; `accuracy` in bfloat16; and
        `largest_change` of a probability. None if this processor does not compute in bfloat16.
    """
    if not has_bfloat16():
        return None
    whole, half = (_probabilities(model, faces, name) for name in ("float32", "bfloat16"))
    found = accuracy(half, faces.labels)
    return {
        "allowed": abs(found - accuracy(whole, faces.labels)) <= TOLERANCE,
        "accuracy": round(found, 4),
        "largest_change": round(float(np.abs(whole - half).max()), 4),
    }


def _probabilities(
    model: Path, faces: FaceSet, precision: Literal["float32", "bfloat16"]
) -> FloatArray:
    config = ClassifyConfig(model=str(model), precision=precision)
    return probabilities_of(KerasClassifier.load(config, "cpu"), faces.images)
