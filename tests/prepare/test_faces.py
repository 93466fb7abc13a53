"""Faces out of one's own photos and videos, cut as inference cuts them."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from fer_core.crops import crop_face
from fer_core.detectors.yunet import YuNet
from fer_core.training.prepare import PrepareConfig
from fer_core.training.prepare.readers import Reading, read_sources

PHOTO = astronaut()[..., ::-1]


def read(folder: Path, **config) -> Reading:
    return read_sources([str(folder)], PrepareConfig.model_validate(config))


@pytest.fixture
def happy(tmp_path: Path) -> Path:
    folder = tmp_path / "own" / "happy"
    folder.mkdir(parents=True)
    return folder


def test_the_face_in_a_photo_is_found_and_cut(happy: Path) -> None:
    cv2.imwrite(str(happy / "photo.png"), PHOTO)
    [sample] = read(happy.parent).samples
    grey = np.asarray(cv2.imread(str(happy / "photo.png"), cv2.IMREAD_GRAYSCALE), np.uint8)
    faces = YuNet.load(PrepareConfig().faces.detect).detect([np.ascontiguousarray(PHOTO)])[0]
    expected = crop_face(grey, faces.boxes[0])
    assert sample.cut == "photo"
    assert np.abs(sample.image.astype(int) - expected).mean() < 6


def test_of_several_faces_the_largest_is_taken_and_told(happy: Path) -> None:
    small = np.asarray(cv2.resize(PHOTO, (200, 200)), np.uint8)
    both = np.zeros((512, 720, 3), np.uint8)
    both[:, :512], both[:200, 515:715] = PHOTO, small
    cv2.imwrite(str(happy / "both.png"), both)
    reading = read(happy.parent)
    assert [finding.kind for finding in reading.findings] == ["several_faces"]
    assert reading.samples[0].width > 80


def test_photos_without_a_face_are_told(happy: Path) -> None:
    cv2.imwrite(str(happy / "wall.png"), np.full((400, 600, 3), 128, np.uint8))
    cv2.imwrite(str(happy / "photo.jpg"), PHOTO)
    reading = read(happy.parent)
    assert len(reading.samples) == 1
    assert [(f.kind, f.pictures[0].rsplit("/", 1)[1]) for f in reading.findings] == [
        ("no_face", "wall.png")
    ]


def test_small_squares_are_faces_already_unless_told_otherwise(happy: Path) -> None:
    square = np.asarray(cv2.resize(PHOTO, (224, 224), interpolation=cv2.INTER_AREA), np.uint8)
    cv2.imwrite(str(happy / "crop.png"), square)
    given = read(happy.parent).samples[0]
    found = read(happy.parent, faces={"find": "always"}).samples[0]
    assert (given.cut, given.width) == ("given", 224)
    assert (found.cut, found.width < 120) == ("photo", True)


def test_frames_of_a_video_are_sampled_and_keep_their_time(
    happy: Path, sample_videos: list[Path]
) -> None:
    shutil.copy(sample_videos[0], happy / "clip.mp4")
    reading = read(happy.parent, faces={"sample": {"fps": 2}})
    times = [sample.origin.time_s for sample in reading.samples]
    assert len(times) > 1
    assert times == sorted(set(times))
    assert {sample.cut for sample in reading.samples} == {"video"}
    assert {sample.image.shape for sample in reading.samples} == {(48, 48)}


def test_a_broken_video_is_told_and_the_rest_goes_on(happy: Path) -> None:
    (happy / "clip.mp4").write_text("no video")
    (happy.parent / "bored").mkdir()
    (happy.parent / "bored" / "clip.mp4").write_text("no video either")
    cv2.imwrite(str(happy / "photo.jpg"), PHOTO)
    reading = read(happy.parent)
    assert len(reading.samples) == 1
    assert sorted(f.kind for f in reading.findings) == ["unknown_label", "unreadable"]
