"""What every face detector is."""

from collections.abc import Sequence
from typing import Protocol

from fer_core.types import ByteArray, Faces


class Detector(Protocol):
    """Finds faces in a batch of pictures. Safe to call from several threads."""

    @property
    def batch_size(self) -> int:
        """How many pictures a call it takes best; any other number will do."""
        ...

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        """Faces of each picture, in pixels of that picture.

        Args:
            images: pictures (h, w, 3) uint8 BGR; sizes may differ.
        """
        ...

    def close(self) -> None: ...
