"""Faces out of photos and videos, found and cut as inference does it."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from fer_core.crops import crop_face
from fer_core.detectors.base import Detector
from fer_core.detectors.yunet import YuNet
from fer_core.sources.video import VideoSource
from fer_core.stages import detect
from fer_core.training.prepare.config import FacesConfig
from fer_core.types import ByteArray, Faces


class Photo(NamedTuple):
    """A photo on its way to the detector.

    Args:
        grey: (height, width) uint8.
        canvas: (long_side, long_side, 3) uint8 BGR with the photo, shrunk, in its upper left.
        scale: pixels of the canvas a pixel of the photo.
    """

    grey: ByteArray
    canvas: ByteArray
    scale: float


class Found(NamedTuple):
    """The largest face of a picture.

    Args:
        crop: (size, size) uint8.
        side: the longer side of its box in pixels.
        faces: how many faces the picture has.
        time_s: seconds into the video; None for a photo.
    """

    crop: ByteArray
    side: int
    faces: int
    time_s: float | None = None


class VideoFaces(NamedTuple):
    """The largest face of each sampled frame that has one.

    Args:
        found: the faces, in time order.
        frames: how many frames were looked at.
        damage: what was wrong with the file; None if nothing was.
    """

    found: list[Found]
    frames: int
    damage: str | None


_PHOTOS_AT_ONCE = 16


class FaceFinder:
    """The detector, loaded when the first photo or video comes, and what is cut with it.

    Args:
        config: how faces are found.
        size: side of the crops in pixels.
    """

    def __init__(self, config: FacesConfig, size: int) -> None:
        self._config = config
        self._size = size

    @cached_property
    def _detector(self) -> Detector:
        return YuNet.load(self._config.detect)

    @property
    def batch_size(self) -> int:
        """Photos that are best given at once; does not load the detector to find out."""
        size = self._config.detect.batch_size
        return _PHOTOS_AT_ONCE if size == "auto" else size

    def is_crop(self, image: ByteArray) -> bool:
        """Whether a grey picture is taken for a face already cut out."""
        height, width = image.shape
        small = height == width and width <= self._config.largest_crop
        return self._config.find == "never" or (self._config.find == "auto" and small)

    def photo(self, grey: ByteArray, bgr: ByteArray | None) -> Photo:
        """A photo made ready for the detector; without colour its grey is taken.

        All are put into the corner of one shape of square, or the network would be traced anew
        for every size of photo. None is enlarged.
        """
        if bgr is None:
            bgr = np.repeat(grey[..., np.newaxis], 3, axis=2)
        height, width = grey.shape
        long_side = self._config.detect.long_side
        scale = min(1.0, long_side / max(height, width))
        small = max(1, round(width * scale)), max(1, round(height * scale))
        canvas = np.zeros((long_side, long_side, 3), np.uint8)
        canvas[: small[1], : small[0]] = cv2.resize(bgr, small, interpolation=cv2.INTER_AREA)
        return Photo(grey, canvas, scale)

    def in_photos(self, photos: Sequence[Photo]) -> list[Found | None]:
        """The largest face in each photo, None where there is none."""
        results = self._detector.detect([photo.canvas for photo in photos]) if photos else []
        return [
            self._largest(photo.grey, faces.scaled(1 / photo.scale, 1 / photo.scale))
            for photo, faces in zip(photos, results, strict=True)
        ]

    def in_video(self, path: Path) -> VideoFaces:
        """The largest face in each sampled frame of a video.

        Raises:
            VideoError: the file cannot be decoded at all.
        """
        detecting = self._config.detect
        with VideoSource(path, self._config.sample, detecting.long_side) as source:
            frames = detect(source.frames(), self._detector, self._size, self._detector.batch_size)
            found = [
                Found(frame.crops[index], _side(frame.faces, index), len(frame.faces), frame.time_s)
                for frame in frames
                if len(frame.faces)
                for index in [largest(frame.faces)]
            ]
            return VideoFaces(found, source.stats.frames_sampled, source.stats.damage)

    def _largest(self, grey: ByteArray, faces: Faces) -> Found | None:
        if not len(faces):
            return None
        index = largest(faces)
        crop = crop_face(grey, faces.boxes[index], self._size)
        return Found(crop, _side(faces, index), len(faces))


def largest(faces: Faces) -> int:
    """Index of the face with the largest box."""
    return int(np.argmax(faces.boxes[:, 2] * faces.boxes[:, 3]))


def _side(faces: Faces, index: int) -> int:
    return round(float(faces.boxes[index, 2:].max()))
