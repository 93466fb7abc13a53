"""What every emotion classifier is."""

from typing import Protocol

from fer_core.types import ByteArray, FloatArray


class Classifier(Protocol):
    """Tells the emotion of a batch of face crops. Safe to call from several threads."""

    @property
    def input_size(self) -> int:
        """Side of the square crops it takes, in pixels."""
        ...

    @property
    def batch_size(self) -> int:
        """How many crops a call it takes best; any other number will do."""
        ...

    def classify(self, crops: ByteArray) -> FloatArray:
        """Calibrated probabilities (n, 7) in the order of `EMOTIONS`; rows sum to 1.

        Args:
            crops: (n, size, size) uint8, full-range grey.
        """
        ...

    def close(self) -> None: ...
