"""How small a face may be to be found at each `detect.long_side`: the table in docs/detection.md.

Scikit-image's astronaut, shrunk, is put at 40 random places (every other one mirrored) on a 4K
frame of a brick wall. A size counts as found when the detector finds at least 9 of 10.

    python -m tests.benchmarks.smallest_face
"""

import cv2
import numpy as np
from skimage import data

from fer_core.config import DetectConfig
from fer_core.detectors.yunet import YuNet
from fer_core.types import ByteArray

WIDTH, HEIGHT, PLACES = 3840, 2160, 40
LONG_SIDES = (320, 640, 960, 1280, 1920)
SIZES = (8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 160, 192)


def frame_with_face(portrait: ByteArray, size: int, box_side: float, seed: int) -> ByteArray:
    """A 4K frame with one face whose box is about `size` pixels high."""
    random = np.random.default_rng(seed)
    wall = cv2.resize(data.brick(), (WIDTH, HEIGHT))
    frame = np.repeat(wall[..., np.newaxis], 3, axis=2)
    scale = size / box_side
    person = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    person = person[:, ::-1] if seed % 2 else person
    height, width = person.shape[:2]
    x, y = random.integers(0, WIDTH - width), random.integers(0, HEIGHT - height)
    frame[y : y + height, x : x + width] = person
    return frame


def main() -> None:
    detector = YuNet.load(DetectConfig())
    portrait = np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), np.uint8)
    box_side = float(detector.detect([portrait])[0].boxes[0, 2:].max())
    found = {side: dict.fromkeys(SIZES, 0) for side in LONG_SIDES}
    for size in SIZES:
        for seed in range(PLACES):
            frame = frame_with_face(portrait, size, box_side, seed)
            for side in LONG_SIDES:
                shrunk = (side, round(HEIGHT * side / WIDTH))
                small = cv2.resize(frame, shrunk, interpolation=cv2.INTER_AREA)
                found[side][size] += len(detector.detect([np.asarray(small, np.uint8)])[0]) > 0
    print("| detect.long_side | smallest face in the shrunk frame | in 4K | in 1080p |")
    print("|---|---|---|---|")
    for side, counts in found.items():
        smallest = next(size for size in SIZES if counts[size] >= 0.9 * PLACES)
        shrunk = smallest * side / WIDTH
        print(f"| {side} | {shrunk:.0f} px | {smallest} px | {smallest / 2:.0f} px |")


if __name__ == "__main__":
    main()
