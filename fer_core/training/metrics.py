"""How well probabilities fit labels: numbers over n faces, in numpy alone.

Throughout, `probabilities` is (n, classes) with rows that sum to 1, and `labels` (n,) holds
the indices of the true classes.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.types import FloatArray

ECE_BINS = 15


@dataclass(frozen=True)
class ClassScore:
    """How one class fares: precision, recall and F1 (0 where undefined), and its true faces."""

    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(probabilities: FloatArray, labels: np.ndarray) -> np.ndarray:
    """(classes, classes) int64: rows are the true classes, columns what was said."""
    classes = probabilities.shape[1]
    pairs = labels * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def accuracy(probabilities: FloatArray, labels: np.ndarray) -> float:
    """Share of faces whose most probable class is the true one."""
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def class_scores(confusion: np.ndarray) -> list[ClassScore]:
    """The score of each class, from a confusion matrix."""
    hits = np.diag(confusion).astype(np.float64)
    said, true = confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(said + true, 1)
    return [
        ClassScore(float(p), float(r), float(f), int(n))
        for p, r, f, n in zip(precision, recall, f1, true, strict=True)
    ]


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean recall of the classes that have faces."""
    return _mean([score.recall for score in class_scores(confusion) if score.support])


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 of the classes that have faces or were said."""
    scores = class_scores(confusion)
    said = confusion.sum(axis=0)
    return _mean([s.f1 for s, n in zip(scores, said, strict=True) if s.support or n])


def calibration_error(probabilities: FloatArray, labels: np.ndarray) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy, over 15 bins.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.bincount(bins, right - confidence.astype(np.float64), minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def with_temperature(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Probabilities as they would be had their logits been divided by `temperature`."""
    scaled = np.log(np.maximum(probabilities.astype(np.float64), 1e-30)) / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return (scaled / scaled.sum(axis=1, keepdims=True)).astype(np.float32)


def fit_temperature(probabilities: FloatArray, labels: np.ndarray) -> float:
    """The temperature in 0.1–10 under which the labels are most likely; to 3 digits.

    The likelihood has one maximum over the temperature's logarithm, so a golden-section search
    finds it.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.1), np.log(10.0)
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _loss(probabilities, labels, left) < _loss(probabilities, labels, right):
            high = right
        else:
            low = left
    return round(float(np.exp((low + high) / 2)), 3)


def _loss(probabilities: FloatArray, labels: np.ndarray, log_temperature: float) -> float:
    scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
    return -float(np.mean(np.log(np.maximum(scaled[np.arange(len(labels)), labels], 1e-30))))


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
