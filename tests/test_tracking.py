"""Boxes to tracks: faces that stay, go, come back and cross."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_core.config import TrackConfig
from fer_core.tracking import Tracker
from fer_core.types import Faces


def faces(*centres: tuple[float, float], side: float = 60) -> Faces:
    n = len(centres)
    boxes = np.array([[x - side / 2, y - side / 2, side, side] for x, y in centres], np.float32)
    return Faces(boxes.reshape(n, 4), np.zeros((n, 10), np.float32), np.full(n, 0.9, np.float32))


def follow(frames: list[tuple[float, Faces]], lost_s: float = 2.0) -> list[list[int]]:
    tracker = Tracker(TrackConfig(lost_s=lost_s))
    return [tracker.update(found, time_s).tolist() for time_s, found in frames]


def test_a_face_that_moves_by_half_its_width_a_sample_keeps_its_track() -> None:
    path = [(0.2 * step, faces((100 + 30 * step, 100))) for step in range(20)]
    assert follow(path) == [[0]] * 20


def test_two_faces_keep_theirs_whatever_order_the_detector_lists_them_in() -> None:
    frames = [
        (0.0, faces((100, 100), (400, 100))),
        (0.2, faces((405, 100), (105, 100))),
        (0.4, faces((110, 100), (410, 100))),
    ]
    assert follow(frames) == [[0, 1], [1, 0], [0, 1]]


def test_a_face_that_was_away_shortly_comes_back_as_the_same() -> None:
    here, away = faces((100, 100)), Faces.none()
    frames = [(0.0, here), (0.2, here), (0.4, away), (0.6, away), (0.8, here)]
    assert follow(frames) == [[0], [0], [], [], [0]]


def test_a_face_that_was_away_for_long_is_another() -> None:
    frames = [(0.0, faces((100, 100))), (0.2, Faces.none()), (5.0, faces((100, 100)))]
    assert follow(frames) == [[0], [], [1]]


def test_a_face_seen_once_is_a_track_too() -> None:
    frames = [(0.0, faces((100, 100))), (0.2, faces((100, 100), (500, 300)))]
    assert follow(frames) == [[0], [0, 1]]


def test_time_and_not_the_number_of_frames_ends_a_track() -> None:
    here = faces((100, 100))
    misses = [(0.1 + step / 1000, Faces.none()) for step in range(500)]
    assert follow([(0.0, here), *misses, (0.7, here)])[-1] == [0]


def test_equal_time_stamps_are_no_error() -> None:
    assert follow([(1.0, faces((100, 100))), (1.0, faces((100, 100)))]) == [[0], [1]]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(0, 2**32 - 1))
def test_numbers_are_unique_in_a_frame_and_count_from_zero(counts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = [
        (0.2 * step, faces(*(tuple(random.uniform(0, 600, 2)) for _ in range(count))))
        for step, count in enumerate(counts)
    ]
    tracks = follow(frames)
    assert [len(set(ids)) for ids in tracks] == counts
    seen = {number for ids in tracks for number in ids}
    assert seen == set(range(len(seen)))
