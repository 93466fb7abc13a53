"""Metrics, against figures worked out by hand."""

import numpy as np
import pytest

from fer_core.training.metrics import (
    accuracy,
    balanced_accuracy,
    calibration_error,
    class_scores,
    confusion_matrix,
    fit_temperature,
    macro_f1,
    with_temperature,
)

# Three classes; of class 0 two of three are right, of class 1 the only one, class 2 has no face.
PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.3, 0.7, 0.0]], np.float32
)
LABELS = np.array([0, 0, 0, 1])


def test_scores_are_those_worked_out_by_hand():
    confusion = confusion_matrix(PROBABILITIES, LABELS)
    assert confusion.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert accuracy(PROBABILITIES, LABELS) == 0.75
    assert balanced_accuracy(confusion) == pytest.approx((2 / 3 + 1) / 2)
    first, second, third = class_scores(confusion)
    assert (first.precision, first.recall, first.f1) == pytest.approx((1, 2 / 3, 0.8))
    assert (second.precision, second.recall, second.f1) == pytest.approx((0.5, 1, 2 / 3))
    assert (third.f1, third.support) == (0, 0)
    assert macro_f1(confusion) == pytest.approx((0.8 + 2 / 3) / 2)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    sure = np.array([[0.9, 0.1]] * 10, np.float32)
    assert calibration_error(sure, np.array([0] * 9 + [1])) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.4)


def test_temperature_brings_overconfidence_down_to_the_accuracy():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=4000)
    right = rng.random(4000) < 0.7
    said = np.where(right, labels, 1 - labels)
    overconfident = np.where(np.eye(2)[said] == 1, 0.97, 0.03).astype(np.float32)
    temperature = fit_temperature(overconfident, labels)
    calibrated = with_temperature(overconfident, temperature)
    assert temperature > 3
    assert calibration_error(calibrated, labels) < 0.01
    np.testing.assert_allclose(
        with_temperature(calibrated, 1 / temperature), overconfident, atol=1e-5
    )
