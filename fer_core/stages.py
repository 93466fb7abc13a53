"""Detection and classification as generators: a stream of frames in, a stream of results out.

Each stage gathers a batch, calls its network once, and hands the results on in the order in
which the frames came. Pictures are let go as soon as the crops are cut.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from fer_core.classifiers.base import Classifier
from fer_core.crops import crop_face, sharpness, yaw_degrees
from fer_core.detectors.base import Detector
from fer_core.following import find_faces
from fer_core.types import ByteArray, Faces, Frame, FrameFaces


@dataclass(frozen=True, slots=True)
class FrameCrops:
    """A frame whose faces are found and cut out, on its way to the classifier.

    Args:
        frame_index, pts, time_s: as in `Frame`.
        faces: n faces, pixels of the upright full-size frame.
        crops: (n, size, size) uint8.
    """

    frame_index: int
    pts: int
    time_s: float
    faces: Faces
    crops: ByteArray


def detect(
    frames: Iterable[Frame], detector: Detector, size: int, batch: int, every: int = 1
) -> Iterator[FrameCrops]:
    """Finds the faces of each frame and cuts them out.

    Args:
        frames: sampled frames in order of pts.
        detector: finds the faces in the frames' small pictures.
        size: side of the crops in pixels.
        batch: frames that are gathered for a call of the detector.
        every: it looks at every so many frames; faces are followed between.
    """
    for frame, faces in find_faces(frames, detector, batch, every):
        yield _cut_faces(frame, faces, size)


def _cut_faces(frame: Frame, faces: Faces, size: int) -> FrameCrops:
    crops = np.zeros((len(faces), size, size), np.uint8)
    for crop, box in zip(crops, faces.boxes, strict=True):
        crop[:] = crop_face(frame.luma, box, size, frame.limited_range)
    return FrameCrops(frame.frame_index, frame.pts, frame.time_s, faces, crops)


def classify(
    detected: Iterable[FrameCrops], classifier: Classifier, batch: int
) -> Iterator[FrameFaces]:
    """Tells the emotion of each face; frames without a face pass through.

    Args:
        detected: frames with their crops, in order.
        classifier: tells the emotions.
        batch: crops a call of the classifier; about as many frames wait for it at most.
    """
    waiting: list[FrameCrops] = []
    crops = 0
    for item in detected:
        waiting.append(item)
        crops += len(item.crops)
        if max(crops, len(waiting)) >= batch:
            yield from _classify_batch(waiting, classifier)
            waiting, crops = [], 0
    yield from _classify_batch(waiting, classifier)


def _classify_batch(items: list[FrameCrops], classifier: Classifier) -> Iterator[FrameFaces]:
    if not items:
        return
    probabilities = classifier.classify(np.concatenate([item.crops for item in items]))
    start = 0
    for item in items:
        stop = start + len(item.crops)
        yield FrameFaces(
            item.frame_index,
            item.pts,
            item.time_s,
            item.faces,
            probabilities[start:stop],
            np.array([sharpness(crop) for crop in item.crops], np.float32),
            yaw_degrees(item.faces.landmarks),
        )
        start = stop
