"""YuNet: face boxes, five landmarks and scores, in batches.

Decoding of the network's maps follows OpenCV's `FaceDetectorYN` (modules/objdetect/src/
face_detect.cpp), so that both agree on the same picture.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fer_core.cards import read_card
from fer_core.config import DetectConfig
from fer_core.runtime import Device, Network, load_network
from fer_core.types import ByteArray, Faces, FloatArray

MULTIPLE = 32  # sides the network takes: multiples of its largest stride


class YuNet:
    """Detector of faces from about 16 pixels up, in the picture it is given.

    Args:
        network: what `fer_core.detectors.yunet_network` describes.
        min_score: faces below this score are left out (0–1).
        nms_iou: of two boxes that overlap more than this, the better one stays (0–1).

    Example:
        >>> detector = YuNet.load(DetectConfig())  # doctest: +SKIP
        >>> detector.detect([picture])[0].boxes  # doctest: +SKIP
    """

    def __init__(self, network: Network, min_score: float, nms_iou: float) -> None:
        self._network = network
        self._min_score = min_score
        self._nms_iou = nms_iou

    @classmethod
    def load(cls, config: DetectConfig, device: Device = "auto") -> "YuNet":
        """The detector that the settings name.

        Raises:
            ModelError: the model is missing or damaged.
        """
        card, weights = read_card(Path(config.model), "detector")
        usual = _padded_shape(config.long_side * 9 // 16, config.long_side)
        network = load_network(card, weights.parent, device, config.batch_size, usual)
        return cls(network, config.min_score, config.nms_iou)

    @property
    def batch_size(self) -> int:
        return self._network.max_batch

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        """Faces of each picture; see `Detector`."""
        results = [Faces.none()] * len(images)
        by_shape: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            by_shape[_padded_shape(*image.shape[:2])].append(index)
        for shape, indices in by_shape.items():
            batch = np.zeros((len(indices), *shape), np.uint8)
            for row, index in enumerate(indices):
                height, width = images[index].shape[:2]
                batch[row, :height, :width] = images[index]
            found = decode(self._network(batch), self._min_score)
            for row, index in enumerate(indices):
                results[index] = suppress(found[row], self._nms_iou)
        return results

    def close(self) -> None:
        """Nothing to release: the network goes with its last reference."""


def _padded_shape(height: int, width: int) -> tuple[int, int, int]:
    return -(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE, 3


def decode(maps: Sequence[FloatArray], min_score: float) -> list[Faces]:
    """The network's maps as faces, before non-maximum suppression.

    Args:
        maps: one (n, rows, columns, 16) float32 a stride 8, 16, 32.
        min_score: cells below this score are left out.

    Returns:
        For each of the n pictures its candidate faces, in no order.
    """
    columns = [_decode_level(level, 8 << index, min_score) for index, level in enumerate(maps)]
    picture, boxes, landmarks, scores = (
        np.concatenate(parts) for parts in zip(*columns, strict=True)
    )
    return [
        Faces(boxes[picture == index], landmarks[picture == index], scores[picture == index])
        for index in range(len(maps[0]))
    ]


def _decode_level(level: FloatArray, stride: int, min_score: float) -> tuple[np.ndarray, ...]:
    with np.errstate(divide="ignore"):  # a score of 0 or 1 has a logit of -∞ or ∞
        least = np.log(np.square(min_score)) - np.log1p(-np.square(min_score))
    # A score is the root of two probabilities' product, so neither is below its square.
    picture, row, column = np.nonzero(np.minimum(level[..., 0], level[..., 1]) >= least)
    cells = level[picture, row, column]
    scores = np.exp(-np.logaddexp(0, -cells[:, :2]).mean(axis=1))
    corner = np.stack([column, row], axis=1).astype(np.float32)
    centre = (corner + cells[:, 2:4]) * stride
    size = np.exp(cells[:, 4:6]) * stride
    boxes = np.concatenate([centre - size / 2, size], axis=1)
    landmarks = (np.tile(corner, 5) + cells[:, 6:16]) * stride
    keep = scores >= min_score
    columns = (boxes[keep], landmarks[keep], scores[keep])
    return picture[keep], *(column.astype(np.float32, copy=False) for column in columns)


def suppress(faces: Faces, max_iou: float) -> Faces:
    """Greedy non-maximum suppression; what stays is sorted by score, highest first."""
    if not len(faces):
        return faces
    keep = np.asarray(cv2.dnn.NMSBoxes(faces.boxes.tolist(), faces.scores.tolist(), 0.0, max_iou))
    keep = keep.reshape(-1)
    return Faces(faces.boxes[keep], faces.landmarks[keep], faces.scores[keep])
