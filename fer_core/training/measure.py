"""From the names of a model and of a file to an evaluation: what `fer evaluate` calls."""

from collections.abc import Callable
from pathlib import Path
from typing import cast, get_args

import numpy as np

from fer_core.cards import read_card
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.errors import ConfigError
from fer_core.runtime import Device
from fer_core.training.dataset import load_faces
from fer_core.training.evaluate import Evaluation, evaluate
from fer_core.training.publish import SEEN


def measure(
    data: Path,
    model: str,
    *,
    split: str | None = None,
    device: str = "auto",
    flip: bool = False,
    robustness: bool = False,
    progress: Callable[[str], None] = lambda what: None,
) -> Evaluation:
    """Measures a published classifier on a file of labelled faces.

    Args:
        data: as `load_faces` takes it.
        model: name of a model, or path of its directory.
        split: only faces of this split.
        device: "auto", "cpu" or "gpu".
        flip, robustness, progress: as in `evaluate`.

    Raises:
        ConfigError: an unknown device, or no GPU where one is asked for.
        DatasetError: the faces cannot be read, or have another size than the model takes.
        ModelError: the model is missing or damaged.
    """
    if device not in get_args(Device):
        raise ConfigError(f"--device: expected one of auto, cpu, gpu, got {device!r}")
    faces = load_faces(data, split)
    card, weights = read_card(model, "classifier")
    seen = weights.with_name(SEEN)
    return evaluate(
        KerasClassifier.load(ClassifyConfig(model=model), cast(Device, device)),
        faces,
        temperature=card.temperature,
        seen=np.load(seen) if seen.is_file() else None,
        flip=flip,
        robustness=robustness,
        progress=progress,
    )
