"""Faces between the frames that the detector looks at."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.following import find_faces
from fer_core.types import ByteArray, Faces, Frame

SIDE = 20


class Squares:
    """A detector of the white squares that `frame` draws; remembers how many it looked at."""

    batch_size = 4

    def __init__(self) -> None:
        self.looks = 0

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        self.looks += len(images)
        return [self._squares(image) for image in images]

    def close(self) -> None:
        pass

    def _squares(self, image: ByteArray) -> Faces:
        lefts = np.flatnonzero(np.diff(image[0, :, 0].astype(int)) > 0) + 1
        boxes = np.array([[left, 0, SIDE, SIDE] for left in lefts], np.float32).reshape(-1, 4)
        scores = 1 - lefts.astype(np.float32) / 1000
        return Faces(boxes, np.tile(boxes[:, :2], 5), scores)


def frame(index: int, *lefts: int) -> Frame:
    """A frame with squares at these columns, at 10 a second."""
    picture = np.zeros((SIDE, 400, 3), np.uint8)
    for left in lefts:
        picture[:, left : left + SIDE] = 255
    return Frame(index, index, index / 10, picture[..., 0], picture)


def follow(frames: list[Frame], every: int, batch: int = 4) -> tuple[list[list[float]], int]:
    """The left sides of each frame's faces, and how many frames were looked at."""
    detector = Squares()
    found = list(find_faces(frames, detector, batch, every))
    assert [each.frame_index for each, _ in found] == [each.frame_index for each in frames]
    assert all((np.diff(faces.scores) <= 0).all() for _, faces in found)
    return [faces.boxes[:, 0].tolist() for _, faces in found], detector.looks


def test_faces_in_even_motion_are_found_everywhere_by_few_looks() -> None:
    lefts = [(10 + k, 100 - k) for k in range(9)]
    found, looks = follow([frame(k, *pair) for k, pair in enumerate(lefts)], every=4)
    np.testing.assert_allclose(found, lefts, atol=1e-4)
    assert looks == 3


def test_the_last_frame_is_looked_at() -> None:
    found, looks = follow([frame(k, 10 + k) for k in range(6)], every=4)
    np.testing.assert_allclose(np.ravel(found), np.arange(10, 16), atol=1e-4)
    assert looks == 3


@pytest.mark.parametrize("lefts", [[(), (), (50,), (50,), (50,)], [(50,), (50,), (), (), ()]])
def test_who_comes_or_goes_is_looked_for_on_every_frame_between(lefts: list[tuple[int]]) -> None:
    found, looks = follow([frame(k, *each) for k, each in enumerate(lefts)], every=4)
    assert found == [list(each) for each in lefts]
    assert looks == 5


def test_who_moves_fast_is_looked_for_too() -> None:
    lefts = [10, 12, 14, 16, 90]
    found, looks = follow([frame(k, left) for k, left in enumerate(lefts)], every=4)
    assert found == [[left] for left in lefts]
    assert looks == 5


def test_time_stamps_and_not_ranks_tell_how_far_a_face_has_come() -> None:
    frames = [frame(10, 10), frame(14, 12), frame(15, 15)]  # where it is seen in the second is not
    found, looks = follow(frames, every=2)
    np.testing.assert_allclose(np.ravel(found), [10, 14, 15], atol=1e-4)
    assert looks == 2


def test_a_score_between_is_the_smaller_one() -> None:
    frames = [frame(0, 100), frame(1, 101), frame(2, 102)]
    scores = [faces.scores[0] for _, faces in find_faces(frames, Squares(), 4, 2)]
    np.testing.assert_allclose(scores, [0.9, 0.898, 0.898], atol=1e-6)


@given(
    st.lists(st.lists(st.sampled_from([10, 14, 100, 104, 200]), max_size=2), max_size=25),
    st.integers(1, 6),
    st.integers(1, 9),
)
def test_batches_change_nothing(pairs: list[list[int]], every: int, batch: int) -> None:
    frames = [frame(k, *pair) for k, pair in enumerate(pairs)]
    assert follow(frames, every, batch) == follow(frames, every, 1)
    assert follow(frames, 1, batch)[1] == len(frames)
