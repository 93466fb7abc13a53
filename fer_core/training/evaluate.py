"""Measures a classifier on labelled faces, through the very code that analyses videos."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from fer_core.classifiers.base import Classifier
from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.dataset import FaceSet
from fer_core.training.metrics import (
    ClassScore,
    accuracy,
    balanced_accuracy,
    calibration_error,
    class_scores,
    confusion_matrix,
    macro_f1,
    with_temperature,
)
from fer_core.training.robustness import PERTURBATIONS, perturbed
from fer_core.types import ByteArray, FloatArray

CHUNK = 1024


@dataclass(frozen=True)
class Evaluation:
    """What was measured over n faces. Shares are 0–1.

    Args:
        n: faces.
        accuracy, balanced_accuracy, macro_f1: as everybody defines them.
        ece: expected calibration error of the probabilities as they come.
        ece_uncalibrated: the same at temperature 1.
        n_unseen: faces whose very picture was not in the training data; None if unknown.
        accuracy_unseen: accuracy over those alone.
        faces_per_second: speed of the classifier on this machine.
        classes: score of each emotion.
        confusion: rows are the true emotions, columns what was said, in the order of `EMOTIONS`.
        robustness: accuracy under each perturbation, if asked for.
    """

    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    ece: float
    ece_uncalibrated: float
    n_unseen: int | None
    accuracy_unseen: float | None
    faces_per_second: float
    classes: dict[str, ClassScore]
    confusion: list[list[int]]
    robustness: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: shares with 4 digits."""
        return _rounded(asdict(self))


def evaluate(
    classifier: Classifier,
    faces: FaceSet,
    *,
    temperature: float = 1.0,
    seen: np.ndarray | None = None,
    robustness: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Evaluation:
    """Measures a classifier.

    Args:
        classifier: what is measured.
        faces: what it is measured on; pictures of its input size.
        temperature: the classifier's own, to say what it would be without.
        seen: hashes of the training pictures, as `FaceSet.digests` makes them.
        robustness: measure each perturbation too.
        progress: told what is being done.

    Raises:
        DatasetError: the pictures have another size than the classifier takes.
    """
    check_size(classifier, faces)
    labels = faces.labels
    classifier.classify(faces.images[:CHUNK])  # compiles, and is not timed
    began = time.perf_counter()
    probabilities = probabilities_of(classifier, faces.images)
    seconds = time.perf_counter() - began
    confusion = confusion_matrix(probabilities, labels)
    unseen = None if seen is None else ~np.isin(faces.digests(), seen)
    table = {}
    for name, perturbation in PERTURBATIONS.items() if robustness else ():
        progress(name)
        images = perturbed(faces.images, perturbation)
        table[name] = accuracy(probabilities_of(classifier, images), labels)
    return Evaluation(
        n=len(faces),
        accuracy=accuracy(probabilities, labels),
        balanced_accuracy=balanced_accuracy(confusion),
        macro_f1=macro_f1(confusion),
        ece=calibration_error(probabilities, labels),
        ece_uncalibrated=calibration_error(
            with_temperature(probabilities, 1 / temperature), labels
        ),
        n_unseen=None if unseen is None else int(unseen.sum()),
        accuracy_unseen=_accuracy_of(probabilities, labels, unseen),
        faces_per_second=len(faces) / seconds,
        classes=dict(zip(EMOTIONS, class_scores(confusion), strict=True)),
        confusion=confusion.tolist(),
        robustness=table,
    )


def probabilities_of(classifier: Classifier, images: ByteArray) -> FloatArray:
    """(n, 7) probabilities of (n, size, size) pictures."""
    parts = [classifier.classify(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)]
    return np.concatenate(parts)


def check_size(classifier: Classifier, faces: FaceSet) -> None:
    """Raises a DatasetError if the faces have another size than the classifier takes."""
    side = faces.images.shape[1]
    if side != classifier.input_size:
        raise DatasetError(
            f"{faces.name}: the model takes pictures of {classifier.input_size} pixels, got {side}"
        )


def _accuracy_of(
    probabilities: FloatArray, labels: np.ndarray, chosen: np.ndarray | None
) -> float | None:
    if chosen is None or not chosen.any():
        return None
    return accuracy(probabilities[chosen], labels[chosen])


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
