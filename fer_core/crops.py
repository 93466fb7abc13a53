"""From a face box to the small grey square a classifier sees, and what can be measured on it.

Training data made from videos goes through `crop_face` too, so both see the same framing.
"""

import cv2
import numpy as np

from fer_core.types import ByteArray, FloatArray

SIDE_PER_BOX = 0.97
"""Side of the square over the longer side of the face box. Measured: over FER2013's training
pictures, upscaled, YuNet's box is centred and the picture is 0.97 times its longer side."""

NOSE_PER_EYES = 0.5
"""How far the tip of the nose stands out of the plane of the eyes, in distances between the
eyes: a rounded figure for adults, good enough to tell frontal from profile."""


def crop_face(
    luma: ByteArray, box: FloatArray, size: int = 48, limited_range: bool = False
) -> ByteArray:
    """The square around a face as a small full-range grey picture.

    Shrinks by area (every pixel counts), grows bilinearly; what lies beyond the border of the
    picture repeats the border.

    Args:
        luma: (height, width) uint8 grey picture.
        box: (4,) x, y, width, height in pixels of `luma`.
        size: side of the result in pixels.
        limited_range: whether `luma` is in video range (16 is black, 235 white).

    Returns:
        (size, size) uint8, 0 black to 255 white.
    """
    x, y, width, height = (float(value) for value in box)
    wanted = max(width, height) * SIDE_PER_BOX
    # OpenCV averages whole blocks of pixels four times as fast as parts of pixels; so a large
    # square is taken of a side that blocks fill, and is still four times too large after them.
    block = max(1, int(wanted) // (_FINE * size))
    side = max(1, round(wanted / block) * block)
    left, top = round(x + (width - side) / 2), round(y + (height - side) / 2)
    square = _cut(luma, left, top, side)
    if block > 1:
        square = _resize(square, side // block)
    crop = _resize(square, size)
    return _FULL_RANGE[crop] if limited_range else crop


_FINE = 4


def _resize(square: ByteArray, size: int) -> ByteArray:
    how = cv2.INTER_AREA if len(square) > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=how), np.uint8)


def _cut(luma: ByteArray, left: int, top: int, side: int) -> ByteArray:
    """A square; where it reaches over the border, the border is repeated."""
    height, width = luma.shape
    above, rows, below = _span(top, side, height)
    before, columns, after = _span(left, side, width)
    inside = luma[rows, columns]
    if inside.shape == (side, side):
        return inside
    borders = (above, below, before, after)
    return np.asarray(cv2.copyMakeBorder(inside, *borders, cv2.BORDER_REPLICATE), np.uint8)


def _span(start: int, side: int, length: int) -> tuple[int, slice, int]:
    """What lies within 0–length, at least the pixel at the border; and how much misses there."""
    first, last = max(0, min(start, length - 1)), min(length, max(start + side, 1))
    missing = side - (last - first)
    before = min(max(-start, 0), missing)
    return before, slice(first, last), missing - before


_FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)


def sharpness(crop: ByteArray) -> float:
    """Variance of the Laplacian: low where a face is blurred or was enlarged.

    Source: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    return float(cv2.Laplacian(crop, cv2.CV_32F).var())


def yaw_degrees(landmarks: FloatArray) -> FloatArray:
    """How far faces are turned sideways, estimated from five landmarks.

    A turn by θ moves the nose by `NOSE_PER_EYES`·sin θ and narrows the eyes by cos θ; the offset
    of the nose from the middle of the eyes, along the line of the eyes, gives tan θ. Roll of the
    head does not matter.

    Args:
        landmarks: (n, 10) as in `Faces`.

    Returns:
        (n,) float32 degrees in -90–90, positive when turned to the picture's right.
    """
    points = landmarks.reshape(-1, 5, 2).astype(np.float64)
    eyes = points[:, 1] - points[:, 0]
    nose = points[:, 2] - (points[:, 0] + points[:, 1]) / 2
    squared = np.maximum((eyes * eyes).sum(axis=1), 1e-6)
    offset = (nose * eyes).sum(axis=1) / squared
    return np.degrees(np.arctan(offset / NOSE_PER_EYES)).astype(np.float32)
