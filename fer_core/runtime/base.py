"""What every network is, whatever runs it."""

from typing import Literal, Protocol

from fer_core.types import ByteArray, FloatArray

Device = Literal["auto", "cpu", "gpu"]


class Network(Protocol):
    """A network with its weights on a device. Safe to call from several threads."""

    @property
    def max_batch(self) -> int:
        """Most pictures a call of the framework; larger batches are cut."""
        ...

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        """All outputs for a batch.

        Args:
            batch: (n, height, width, channels) uint8, any n ≥ 1.
        """
        ...
