"""From the names of a model and of a dataset to an evaluation: what `fer evaluate` calls."""

from collections.abc import Callable
from pathlib import Path
from typing import cast, get_args

import numpy as np

from fer_core.cards import read_card
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.errors import ConfigError
from fer_core.runtime import Device, Precision
from fer_core.training.evaluate import Evaluation, evaluate
from fer_core.training.publish import SEEN
from fer_core.training.source import load_faces


def measure(
    data: Path,
    model: str,
    *,
    split: str | None = None,
    device: str = "auto",
    flip: bool = False,
    precision: str = "auto",
    robustness: bool = False,
    progress: Callable[[str], None] = lambda what: None,
) -> tuple[Evaluation, dict[str, int]]:
    """Measures a published classifier on labelled faces.

    Args:
        data: a prepared dataset or whatever `fer prepare` reads.
        model: name of a model, or path of its directory.
        split: only faces of this split.
        device: "auto", "cpu" or "gpu".
        flip: average each face with its mirror image, as `classify.flip` does.
        precision: what it computes in on a CPU, as `classify.precision`.
        robustness, progress: as in `evaluate`.

    Returns:
        The evaluation, and how many of what could not be taken (unreadable pictures …), by kind.

    Raises:
        ConfigError: an unknown device or precision, or one that is not to be had here.
        InputError, DatasetError: the faces cannot be read, or are not of the model's size.
        ModelError: the model is missing or damaged.
    """
    if device not in get_args(Device):
        raise ConfigError(f"--device: expected one of auto, cpu, gpu, got {device!r}")
    if precision not in get_args(Precision):
        raise ConfigError(
            f"--precision: expected one of auto, float32, bfloat16, got {precision!r}"
        )
    settings = ClassifyConfig(model=model, flip=flip, precision=cast(Precision, precision))
    card, weights = read_card(model, "classifier")
    faces, findings = load_faces(data, card.input.size, split)
    seen = weights.with_name(SEEN)
    evaluation = evaluate(
        KerasClassifier.load(settings, cast(Device, device)),
        faces,
        temperature=card.temperature,
        seen=np.load(seen) if seen.is_file() else None,
        robustness=robustness,
        progress=progress,
    )
    return evaluation, dict(findings)
