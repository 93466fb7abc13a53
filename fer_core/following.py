"""Faces on every frame, though the detector looks at every Nth only.

Between two frames that were looked at, a face goes in a straight line. Where they do not show
the same faces in about the same places, the detector looks at the frames between, too: whoever
comes, goes or moves fast is found as if every frame were looked at. What this misses is a face
that comes and goes, or moves away and back, between two looks.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from fer_core.detectors.base import Detector
from fer_core.overlap import map_ahead
from fer_core.types import Faces, FloatArray, Frame

MIN_IOU = 0.5
"""Least overlap of a face's boxes in both looks: that of one moved by a third of its width."""

Found = tuple[Frame, Faces]


def find_faces(
    frames: Iterable[Frame], detector: Detector, batch: int, every: int = 1
) -> Iterator[Found]:
    """Each frame with its faces, in pixels of the full-size frame.

    Args:
        frames: sampled frames in order of pts.
        detector: finds the faces in the frames' small pictures.
        batch: frames that are gathered for a call of the detector.
        every: it looks at the first frame, at each that comes so many after, and at the last.
    """
    stretches = _stretches(iter(frames), every)
    groups = iter(lambda: list(islice(stretches, max(1, batch // every))), [])

    def look(group: list[list[Frame]]) -> tuple[list[list[Frame]], list[Found]]:
        return group, _look([stretch[-1] for stretch in group], detector)

    before: Found | None = None
    # One group's pictures are prepared and its faces sorted while the network has the other.
    for group, looks in map_ahead(look, groups, at_once=2, name="look"):
        for (*between, _), found in zip(group, looks, strict=True):
            if before and between:
                yield from _follow(before, between, found, detector)
            yield found
            before = found


def _stretches(frames: Iterator[Frame], every: int) -> Iterator[list[Frame]]:
    """Frames up to one that is looked at: the first alone, then so many, then what is left."""
    length = 1
    while stretch := list(islice(frames, length)):
        yield stretch
        length = every


def _look(frames: Sequence[Frame], detector: Detector) -> list[Found]:
    found = detector.detect([frame.bgr for frame in frames])
    return [(frame, faces.scaled(*frame.scale)) for frame, faces in zip(frames, found, strict=True)]


def _follow(
    before: Found, between: Sequence[Frame], after: Found, detector: Detector
) -> Iterable[Found]:
    (first, old), (last, new) = before, after
    partner = partners(old, new)
    if partner is None:
        return _look(between, detector)
    new = Faces(new.boxes[partner], new.landmarks[partner], new.scores[partner])
    span = last.time_s - first.time_s

    def part(frame: Frame) -> float:
        return (frame.time_s - first.time_s) / span

    return [(frame, _on_the_way(old, new, part(frame))) for frame in between]


def partners(old: Faces, new: Faces) -> NDArray[np.intp] | None:
    """For each old face the index of the new one; None if they are not the same faces."""
    if len(old) != len(new):
        return None
    if not len(old):
        return np.zeros(0, np.intp)
    import supervision as sv

    overlaps = sv.box_iou_batch(old.corners, new.corners)
    best = overlaps.argmax(axis=1)
    is_one_to_one = len(np.unique(best)) == len(best)
    return best if is_one_to_one and overlaps.max(axis=1).min() >= MIN_IOU else None


def _on_the_way(old: Faces, new: Faces, part: float) -> Faces:
    """Faces a part (0–1) of the way from old to new, highest score first."""
    scores = np.minimum(old.scores, new.scores)
    order = np.argsort(-scores, kind="stable")

    def mixed(a: FloatArray, b: FloatArray) -> FloatArray:
        return np.asarray((a + part * (b - a))[order], np.float32)

    return Faces(mixed(old.boxes, new.boxes), mixed(old.landmarks, new.landmarks), scores[order])
