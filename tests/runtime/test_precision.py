"""In which type the classifier computes on a CPU."""

import numpy as np
import pytest

from fer_core.cards import Card, read_card
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.errors import ConfigError
from fer_core.runtime import cpu_precision, precision
from fer_core.runtime.openvino_network import has_bfloat16

MODEL = "fer-cnn"


def card(allowed: bool) -> Card:
    whole = read_card(MODEL, "classifier")[0]
    assert whole.cpu is not None
    return whole.model_copy(update={"cpu": whole.cpu.model_copy(update={"bfloat16": allowed})})


@pytest.mark.parametrize(
    ("allowed", "able", "found"),
    [
        (True, True, "bfloat16"),
        (True, False, "float32"),
        (False, True, "float32"),
    ],
)
def test_auto_takes_bfloat16_where_model_and_processor_allow_it(
    allowed: bool, able: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: able)
    assert cpu_precision(card(allowed), "auto") == found


def test_one_may_insist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    assert cpu_precision(card(allowed=True), "float32") == "float32"
    assert cpu_precision(card(allowed=False), "bfloat16") == "bfloat16"


def test_what_the_processor_cannot_do_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    with pytest.raises(ConfigError, match="expected a processor that computes in bfloat16"):
        cpu_precision(card(allowed=True), "bfloat16")


def test_the_shipped_classifier_was_measured_in_bfloat16() -> None:
    assert cpu_precision(card(allowed=True), "auto") == (
        "bfloat16" if has_bfloat16() else "float32"
    )
    shipped, _ = read_card(MODEL, "classifier")
    assert shipped.cpu is not None
    assert shipped.cpu.bfloat16


@pytest.mark.skipif(not has_bfloat16(), reason="this processor does not compute in bfloat16")
def test_bfloat16_is_close_and_no_batch_changes_it(crops: np.ndarray) -> None:
    crops = crops[..., 0]
    half = KerasClassifier.load(ClassifyConfig(precision="bfloat16"), "cpu")
    whole = KerasClassifier.load(ClassifyConfig(precision="float32"), "cpu")
    found = half.classify(crops)
    assert 0 < np.abs(found - whole.classify(crops)).max() < 0.05
    for size in (1, 3, 32):
        parts = np.split(crops, range(size, len(crops), size))
        np.testing.assert_array_equal(np.concatenate([half.classify(p) for p in parts]), found)
