"""Encoded pictures to labelled grey squares of one size."""

import cv2
import numpy as np

from fer_core.training.prepare.labels import Labels
from fer_core.training.prepare.sample import Finding, Origin, Sample
from fer_core.types import ByteArray


def decode(content: bytes | None, colour: bool = False) -> ByteArray | None:
    """The upright picture in an encoded file.

    Args:
        content: PNG, JPEG or whatever OpenCV reads.
        colour: whether it is wanted in colour.

    Returns:
        uint8 (height, width), or (height, width, 3) BGR; None where there is no picture.
    """
    if not content:
        return None
    flag = cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    except cv2.error:  # more pixels than OpenCV allows
        return None
    return None if image is None else np.asarray(image, np.uint8)


def fit(image: ByteArray, size: int) -> ByteArray:
    """The square in the middle of a grey picture, (size, size) uint8; shrinks by area."""
    height, width = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(image[top : top + side, left : left + side])
    if side == size:
        return square
    interpolation = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=interpolation), np.uint8)


class SampleMaker:
    """Makes samples, or findings where something is wrong with a picture or its label.

    Args:
        labels: what labels mean.
        size: side of the samples in pixels.
    """

    def __init__(self, labels: Labels, size: int) -> None:
        self.labels = labels
        self.size = size

    def make(
        self,
        image: ByteArray | None,
        label: object,
        origin: Origin,
        fault: str = "expected an encoded picture",
    ) -> Sample | Finding:
        """The sample of a face already cut out.

        Args:
            image: grey, of any size; None where it could not be read.
            label: as the table has it, an integer or a name.
            origin: where it comes from.
            fault: why there is no image.
        """
        index = self.labels.of_value(label)
        if image is None:
            return Finding("unreadable", (str(origin),), detail=fault)
        if index is None:
            return Finding("unknown_label", (str(origin),), detail=str(label))
        height, width = image.shape
        return Sample(fit(image, self.size), index, origin, width, height)
