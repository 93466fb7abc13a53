"""The network as it is trained and as it is published."""

from typing import Any

import numpy as np
import pytest

from fer_core.training.backend import keras
from fer_core.training.cnn import LABEL_HEAD, build_cnn, plain_cnn
from fer_core.training.config import ModelConfig
from tests.training.examples import SIZE

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def small(**changes: Any) -> ModelConfig:
    return ModelConfig(stem=8, widths=(8, 16), blocks=(1, 1), **changes)


@pytest.fixture
def pictures() -> np.ndarray:
    pictures = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 1)).astype(np.float32)
    pictures[0, 0, :2, 0] = 0, 255
    return pictures


@pytest.mark.parametrize(
    ("how", "layer"),
    [("unit", "unit_range"), ("signed", "signed_range"), ("standardise", "standardise")],
)
def test_the_network_normalises_by_itself(how: str, layer: str, pictures: np.ndarray) -> None:
    cnn = build_cnn(small(normalise=how), SIZE, votes=0)
    first = keras.Model(cnn.input, cnn.get_layer(layer).output)
    found = keras.ops.convert_to_numpy(first(pictures))
    expected = {
        "unit": pictures / 255,
        "signed": pictures / 127.5 - 1,
        "standardise": (pictures - pictures.mean((1, 2, 3), keepdims=True))
        / pictures.std((1, 2, 3), keepdims=True),
    }[how]
    np.testing.assert_allclose(found, expected, atol=0.03 if how == "standardise" else 1e-5)


@pytest.mark.parametrize("how", ["unit", "signed", "standardise"])
def test_the_published_network_gives_the_same_logits(how: str, pictures: np.ndarray) -> None:
    trained = build_cnn(small(normalise=how), SIZE, votes=10)
    published = plain_cnn(trained, small(normalise=how), SIZE)
    expected = keras.ops.convert_to_numpy(trained(pictures, training=False)[LABEL_HEAD])
    found = keras.ops.convert_to_numpy(published(pictures, training=False))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_block_begins_as_its_shortcut_only_where_it_keeps_the_shape() -> None:
    cnn = build_cnn(small().model_copy(update={"blocks": (1, 2)}), SIZE, votes=0)
    begin = {
        block: float(keras.ops.convert_to_numpy(cnn.get_layer(f"{block}_b_norm").gamma)[0])
        for block in ("s0b0", "s1b0", "s1b1")
    }
    assert begin == {"s0b0": 1, "s1b0": 1, "s1b1": 0}
