"""What recordings do to faces, one at a time, to see how much of the accuracy is left.

These are made with OpenCV and not with the training's `Augment` layer, so that a fault there
cannot hide itself.
"""

from collections.abc import Callable

import cv2
import numpy as np

from fer_core.types import ByteArray

Perturbation = Callable[[ByteArray], ByteArray]


def perturbed(images: ByteArray, perturbation: Perturbation) -> ByteArray:
    """The perturbation of each of (n, side, side) pictures."""
    return np.stack([perturbation(image) for image in images])


def _affine(
    scale: float = 1.0, shift: tuple[float, float] = (0, 0), degrees: float = 0.0
) -> Perturbation:
    def apply(image: ByteArray) -> ByteArray:
        side = image.shape[0]
        centre = (side - 1) / 2
        matrix = cv2.getRotationMatrix2D((centre, centre), degrees, scale)
        matrix[:, 2] += np.multiply(shift, side)
        warped = cv2.warpAffine(
            image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped, np.uint8)

    return apply


def _blur(image: ByteArray) -> ByteArray:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.uint8)


def _jpeg(image: ByteArray) -> ByteArray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _gamma(exponent: float) -> Perturbation:
    table = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda image: table[image]


def _small(image: ByteArray) -> ByteArray:
    side = image.shape[0]
    small = cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


PERTURBATIONS: dict[str, Perturbation] = {
    "scaled 0.85": _affine(scale=0.85),
    "scaled 1.15": _affine(scale=1.15),
    "shifted 10 % right": _affine(shift=(0.1, 0)),
    "shifted 10 % left": _affine(shift=(-0.1, 0)),
    "shifted 10 % down": _affine(shift=(0, 0.1)),
    "shifted 10 % up": _affine(shift=(0, -0.1)),
    "rotated 15° left": _affine(degrees=15),
    "rotated 15° right": _affine(degrees=-15),
    "blurred, sigma 1": _blur,
    "JPEG quality 30": _jpeg,
    "gamma 0.6": _gamma(0.6),
    "gamma 1.6": _gamma(1.6),
    "24 px and up again": _small,
}
"""Each by the name it has in tables. Geometry repeats the picture's edge."""
