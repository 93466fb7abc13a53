"""The shipped classifier: a Keras CNN with its card."""

from pathlib import Path

import numpy as np

from fer_core.cards import Card, read_card
from fer_core.config import ClassifyConfig
from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.errors import ModelError
from fer_core.runtime import Device, Network, load_network
from fer_core.types import ByteArray, FloatArray


class KerasClassifier:
    """Probabilities of the seven emotions, whatever order of classes the card names.

    Args:
        network: crops (n, size, size, 1) uint8 to logits (n, 7).
        card: its classes, size of the crops and temperature.
        flip: average the probabilities of each crop with those of its mirror image.

    Raises:
        ModelError: the card's classes are not the seven emotions.
    """

    def __init__(self, network: Network, card: Card, flip: bool = False) -> None:
        if sorted(card.classes) != sorted(EMOTIONS):
            raise ModelError(
                f"model {card.name!r}: expected the classes {', '.join(EMOTIONS)} in any order, "
                f"the card says {', '.join(card.classes) or 'none'}"
            )
        self._network = network
        self._columns = [card.classes.index(name) for name in EMOTIONS]
        self._temperature = card.temperature
        self._size = card.input.size
        self._flip = flip

    @classmethod
    def load(cls, config: ClassifyConfig, device: Device = "auto") -> "KerasClassifier":
        """The classifier that the settings name.

        Raises:
            ModelError: the model is missing or damaged.
            ConfigError: the device or the precision is not to be had.
        """
        card, weights = read_card(Path(config.model), "classifier")
        shape = (card.input.size, card.input.size, 1)
        network = load_network(
            card, weights.parent, device, config.batch_size, shape, config.precision
        )
        return cls(network, card, config.flip)

    @property
    def input_size(self) -> int:
        return self._size

    @property
    def batch_size(self) -> int:
        return self._network.max_batch

    def classify(self, crops: ByteArray) -> FloatArray:
        """Calibrated probabilities of each crop; see `Classifier`."""
        if not len(crops):
            return np.zeros((0, NUM_EMOTIONS), np.float32)
        probabilities = self._probabilities(crops)
        if not self._flip:
            return probabilities
        mirrored = self._probabilities(crops[:, :, ::-1].copy())
        return ((probabilities + mirrored) / 2).astype(np.float32)

    def close(self) -> None:
        """Nothing to release: the network goes with its last reference."""

    def _probabilities(self, crops: ByteArray) -> FloatArray:
        logits = self._network(crops[..., np.newaxis])[0][:, self._columns]
        return softmax(logits / self._temperature)


def softmax(logits: FloatArray) -> FloatArray:
    """Rows of logits (n, classes) as probabilities, summed in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
