"""How a face is cut out, and what is measured on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.crops import SIDE_PER_BOX, crop_face, sharpness, yaw_degrees


def box(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_the_square_is_centred_on_the_box_and_as_wide_as_its_longer_side() -> None:
    luma = np.zeros((400, 400), np.uint8)
    side = round(100 * SIDE_PER_BOX)
    left, top = round(150 + (80 - side) / 2), round(100 + (100 - side) / 2)
    luma[top : top + side, left : left + side] = 255
    assert crop_face(luma, box(150, 100, 80, 100)).min() == 255
    assert crop_face(luma, box(148, 98, 84, 104)).min() < 255


def test_shrinks_by_area_so_that_every_pixel_counts() -> None:
    stripes = np.zeros((600, 600), np.uint8)
    stripes[:, ::2] = 200
    crop = crop_face(stripes, box(50, 50, 480 / SIDE_PER_BOX, 480 / SIDE_PER_BOX), size=48)
    assert np.abs(crop.astype(int) - 100).max() <= 1


def test_beyond_the_border_the_border_is_repeated() -> None:
    luma = np.full((100, 100), 90, np.uint8)
    assert np.all(crop_face(luma, box(-40, 70, 80, 80)) == 90)


def test_video_range_becomes_full_range() -> None:
    luma = np.full((100, 100), 16, np.uint8)
    luma[:, 50:] = 235
    crop = crop_face(luma, box(0, 0, 100, 100), limited_range=True)
    assert (crop.min(), crop.max()) == (0, 255)


def test_a_view_of_a_rotated_picture_is_cut_as_its_copy() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (90, 160), np.uint8)
    turned = np.rot90(luma)
    np.testing.assert_array_equal(
        crop_face(turned, box(10, 20, 60, 50)), crop_face(turned.copy(), box(10, 20, 60, 50))
    )


@given(
    x=st.floats(-500, 500), y=st.floats(-500, 500), side=st.floats(0, 900), size=st.integers(1, 96)
)
def test_any_box_gives_a_crop_of_the_size_asked_for(
    x: float, y: float, side: float, size: int
) -> None:
    luma = np.random.default_rng(1).integers(0, 256, (60, 80), np.uint8)
    crop = crop_face(luma, box(x, y, side, side / 2), size)
    assert crop.shape == (size, size)
    assert crop.dtype == np.uint8


def test_blur_lowers_sharpness() -> None:
    sharp = np.random.default_rng(2).integers(0, 256, (48, 48), np.uint8)
    blurred = (sharp // 2 + np.roll(sharp, 1, axis=1) // 2).astype(np.uint8)
    assert sharpness(blurred) < sharpness(sharp)


@pytest.mark.parametrize(("nose_x", "expected"), [(50, 0), (65, 45), (35, -45)])
def test_yaw_follows_the_nose(nose_x: float, expected: float) -> None:
    landmarks = box(35, 40, 65, 40, nose_x, 60, 40, 80, 60, 80)[np.newaxis]
    assert yaw_degrees(landmarks)[0] == pytest.approx(expected, abs=1e-3)


@given(angle=st.floats(-60, 60), offset=st.floats(-20, 20))
def test_yaw_does_not_depend_on_roll(angle: float, offset: float) -> None:
    points = np.array([[35, 40], [65, 40], [50 + offset, 60], [40, 80], [60, 80]], np.float64)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    rolled = points @ np.array([[c, s], [-s, c]])
    upright, tilted = (
        yaw_degrees(p.reshape(1, 10).astype(np.float32))[0] for p in (points, rolled)
    )
    assert tilted == pytest.approx(upright, abs=0.01)


@given(
    side=st.integers(1, 200), left=st.integers(-250, 250), top=st.integers(-250, 250)
)  # of a picture 80 wide and 60 high: inside, across each border, larger than it, and beyond
def test_every_pixel_of_a_crop_is_the_nearest_one_of_the_picture(
    side: int, left: int, top: int
) -> None:
    luma = np.random.default_rng(2).integers(0, 256, (60, 80), np.uint8)
    rows = np.clip(np.arange(top, top + side), 0, 59)
    columns = np.clip(np.arange(left, left + side), 0, 79)
    # The smallest box whose square has that side; it is centred on the box.
    length = side / SIDE_PER_BOX
    corner = (left - (length - side) / 2, top - (length - side) / 2)
    crop = crop_face(luma, box(*corner, length, length), size=side)
    np.testing.assert_array_equal(crop, luma[np.ix_(rows, columns)])
