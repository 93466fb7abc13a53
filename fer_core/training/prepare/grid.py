"""A picture with a few faces of each class, to see at a glance whether labels fit."""

from collections.abc import Sequence

import cv2
import numpy as np

from fer_core.emotions import EMOTIONS
from fer_core.training.prepare.sample import Sample
from fer_core.types import ByteArray

_COLUMNS = 12
_FACE = 96
_NAME = 140


def sample_grid(samples: Sequence[Sample], seed: int) -> ByteArray:
    """One row a class, with up to 12 of its faces drawn by `seed`; grey uint8.

    Returns:
        (7 × 96, 140 + 12 × 96) pixels, the classes' names on the left.
    """
    rng = np.random.default_rng(seed)
    grid = np.full((len(EMOTIONS) * _FACE, _NAME + _COLUMNS * _FACE), 255, np.uint8)
    for row, name in enumerate(EMOTIONS):
        top = row * _FACE
        place = (8, top + _FACE // 2 + 8)
        cv2.putText(grid, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0,), 1, cv2.LINE_AA)
        of_class = [sample for sample in samples if sample.label == row]
        chosen = rng.permutation(len(of_class))[:_COLUMNS]
        for column, index in enumerate(chosen):
            face = of_class[int(index)].image
            left = _NAME + column * _FACE
            grid[top : top + _FACE, left : left + _FACE] = cv2.resize(
                face, (_FACE, _FACE), interpolation=cv2.INTER_NEAREST
            )
    return grid
