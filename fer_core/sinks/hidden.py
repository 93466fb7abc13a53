"""Parts of frames that are made unrecognisable before anything is drawn on them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_core.sinks.drawing import Planes
from fer_core.types import ByteArray, FloatArray

_CELLS = 4
"""A hidden part keeps so many shades across and down: none of a face's features."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is hidden on each frame of a video.

    Args:
        pts: (n,) int64 of all n frames, rising.
        frames: (k,) which of them each part is on, rising.
        parts: (k, 4) float32 left, top, right and bottom, in widths and heights of the frame;
            may reach over its border.
        bridged: how many frames hide a face where none was found.
    """

    pts: NDArray[np.int64]
    frames: NDArray[np.intp]
    parts: FloatArray
    bridged: int

    def at(self, pts: int) -> FloatArray:
        """(m, 4) parts of the frame with a pts; those of both its neighbours if it is not known."""
        first, end = (int(np.searchsorted(self.pts, pts, side)) for side in ("left", "right"))
        if first == end:
            first, end = max(0, first - 1), end + 1
        low, high = np.searchsorted(self.frames, [first, end])
        return self.parts[low:high]


def hide(planes: Planes, parts: FloatArray) -> None:
    """Makes parts of a picture unrecognisable, in place.

    Args:
        planes: see `Planes`.
        parts: as in `Hidden`.
    """
    for plane in planes:
        height, width = plane.shape
        corners = parts * np.array([width, height, width, height], np.float32)
        for left, top, right, bottom in np.clip(corners, 0, [width, height] * 2):
            area = plane[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
            if area.size:
                area[:] = _shades(area)


def _shades(area: ByteArray) -> ByteArray:
    height, width = area.shape
    small = cv2.resize(area, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
