"""How far to trust a face by its size, sharpness, turn and score: the tables in docs/querying.md.

The faces of FER2013's public test, made worse on purpose and told by the shipped classifier:
shrunk to a size and brought back as a small face of a recording would be, or blurred. Turn and
score are the detector's, on the same faces at four times their size.

    python -m tests.benchmarks.trust [PublicTest.parquet]
"""

import itertools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_core.config import ProcessConfig
from fer_core.crops import sharpness, yaw_degrees
from fer_core.engine import Engine
from fer_core.training.dataset import FaceSet
from fer_core.training.source import load_faces
from fer_core.types import ByteArray

PUBLIC_TEST = Path("../shared/data/fer2013/PublicTest.parquet")
SIZE, ENLARGED, MARGIN = 48, 4, 48
SIDES = (48, 40, 32, 28, 24, 20, 16, 12, 10, 8)
SIGMAS = (0, 0.5, 1, 1.5, 2, 3)
EDGES = (0, 50, 100, 200, 400, 800, 1600, 1e9)
YAWS = (0, 10, 20, 30, 45, 60, 90)
SCORES = (0.7, 0.8, 0.85, 0.9, 0.95, 1)


def shrunk(face: ByteArray, side: int) -> ByteArray:
    """The face as a recording of `side` pixels would give it to the classifier."""
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)


def blurred(face: ByteArray, sigma: float) -> ByteArray:
    return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8) if sigma else face


def changed(faces: ByteArray, change: Callable[[ByteArray], ByteArray]) -> ByteArray:
    return np.stack([change(face) for face in faces])


def told(engine: Engine, faces: ByteArray) -> NDArray[np.int64]:
    parts = np.array_split(faces, len(faces) // 64 + 1)
    return np.concatenate([engine.classifier.classify(part).argmax(axis=1) for part in parts])


def sharpnesses(faces: ByteArray) -> NDArray[np.float64]:
    return np.array([sharpness(face) for face in faces])


def head(name: str) -> str:
    return f"\n| {name} | accuracy | median sharpness | 10th percentile |\n|---|---|---|---|"


def row(*cells: object) -> None:
    print("|" + "|".join(f" {cell} " for cell in cells) + "|")


def by_change(
    engine: Engine, faces: FaceSet, versions: Iterable[tuple[str, ByteArray]]
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Prints a row a version of all faces; returns their sharpness and whether they were right."""
    found = []
    for name, pictures in versions:
        right = told(engine, pictures) == faces.labels
        sharp = sharpnesses(pictures)
        low, middle = np.percentile(sharp, [10, 50])
        row(name, f"{right.mean():.1%}", f"{middle:.0f}", f"{low:.0f}")
        found.append((sharp, right))
    return found


def by_range(
    values: NDArray[np.float64], right: NDArray[np.bool_], edges: tuple[float, ...]
) -> None:
    """Prints a row a range of values: how many faces lie in it, and how many were right."""
    for low, high in itertools.pairwise(edges):
        within = (values >= low) & (values < high)
        if within.any():
            name = f"from {low:g}" if high > 1e8 else f"{low:g}–{high:g}"
            row(name, int(within.sum()), f"{right[within].mean():.1%}")


def found_faces(
    engine: Engine, pictures: ByteArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Yaw (absolute degrees) and score of the best face of each picture; NaN where none is."""
    yaws, scores = np.full(len(pictures), np.nan), np.full(len(pictures), np.nan)
    for start in range(0, len(pictures), 16):
        batch = [large(face) for face in pictures[start : start + 16]]
        for index, faces in enumerate(engine.detector.detect(batch), start):
            if len(faces):
                yaws[index] = abs(float(yaw_degrees(faces.landmarks)[0]))
                scores[index] = float(faces.scores[0])
    return yaws, scores


def large(face: ByteArray) -> ByteArray:
    side = SIZE * ENLARGED
    picture = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    border = cv2.copyMakeBorder(picture, *[MARGIN] * 4, cv2.BORDER_REPLICATE)
    return np.repeat(np.asarray(border, np.uint8)[..., np.newaxis], 3, axis=2)


def main(path: Path) -> None:
    faces, _ = load_faces(path, SIZE)
    pictures = np.ascontiguousarray(faces.images.reshape(-1, SIZE, SIZE))
    with Engine.load(ProcessConfig(device="cpu")) as engine:
        print(head("side of the face"))
        sizes = ((f"{s} px", changed(pictures, lambda f, s=s: shrunk(f, s))) for s in SIDES)
        measured = by_change(engine, faces, sizes)
        print(head("blur, sigma"))
        blurs = ((f"{s:g} px", changed(pictures, lambda f, s=s: blurred(f, s))) for s in SIGMAS)
        measured += by_change(engine, faces, blurs)
        print("\n| sharpness, all versions | faces | accuracy |\n|---|---|---|")
        sharp, right = (np.concatenate(part) for part in zip(*measured, strict=True))
        by_range(sharp, right, EDGES)
        yaws, scores = found_faces(engine, pictures)
        right = measured[0][1]
        print(f"\nfaces found: {np.isfinite(scores).sum()} of {len(scores)}, ")
        print(f"accuracy of the others {right[np.isnan(scores)].mean():.1%}")
        print("\n| yaw, degrees | faces | accuracy |\n|---|---|---|")
        by_range(yaws, right, YAWS)
        print("\n| det_score | faces | accuracy |\n|---|---|---|")
        by_range(scores, right, SCORES)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLIC_TEST)
