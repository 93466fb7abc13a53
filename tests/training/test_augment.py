"""Each variation does what its name says, and nothing where it is switched off."""

import cv2
import numpy as np
import pytest

from fer_core.training.augment import (
    BLURS,
    SHRINKS,
    Augment,
    erase,
    jpeg,
    jpeg_basis,
    lens_bank,
    mix,
    sandwich,
    tone,
    warp,
)
from fer_core.training.backend import ops
from fer_core.training.config import AugmentConfig
from fer_core.training.draws import draw

SIDE = 48
OFF = AugmentConfig.model_validate(
    dict.fromkeys(
        "rotate_deg zoom shift flip brightness contrast gamma blur shrink jpeg noise erase".split(),
        0,
    )
)


@pytest.fixture
def faces() -> np.ndarray:
    """Four smooth pictures, (4, 48, 48) float32 in 0–255."""
    rng = np.random.default_rng(0)
    rough = rng.uniform(0, 255, (4, 8, 8)).astype(np.float32)
    return np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for p in rough])


def numbers(tensor: object) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def affine(*row: float) -> np.ndarray:
    return np.tile(np.array(row, np.float32), (4, 1))


def test_all_off_changes_nothing(faces: np.ndarray):
    inputs = draw(OFF, np.random.default_rng(0), 4, (BLURS, SHRINKS))
    varied = numbers(Augment(OFF, SIDE)({"image": faces[..., None], **inputs}))
    np.testing.assert_allclose(varied[..., 0], faces, atol=0.05)


def test_all_on_stays_in_range_and_follows_the_seed(faces: np.ndarray):
    config = AugmentConfig(mixup=0.2, flip_vertical=0.5, blur=1, jpeg=1, noise=1, erase=1)
    first, second, other = (
        draw(config, np.random.default_rng(seed), 4, (BLURS, SHRINKS)) for seed in (1, 1, 2)
    )
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert any((first[name] != other[name]).any() for name in first)
    varied = numbers(Augment(config, SIDE)({"image": faces[..., None], **first}))
    assert varied.shape == (4, SIDE, SIDE, 1)
    assert varied.min() >= 0
    assert varied.max() <= 255


def test_warp_turns_flips_and_moves_as_opencv_does(faces: np.ndarray):
    flipped = numbers(warp(faces, affine(-1, 0, 0, 0, 1, 0), np.zeros(4)))
    np.testing.assert_allclose(flipped, faces[:, :, ::-1], atol=0.01)
    moved = numbers(warp(faces, affine(1, 0, 2 * 6 / SIDE, 0, 1, 0), np.zeros(4)))
    np.testing.assert_allclose(moved[:, :, :-6], faces[:, :, 6:], atol=0.01)
    turn = np.deg2rad(15)
    turned = numbers(
        warp(
            faces,
            affine(np.cos(turn), -np.sin(turn), 0, np.sin(turn), np.cos(turn), 0),
            np.zeros(4),
        )
    )
    matrix = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), 15, 1)
    expected = [cv2.warpAffine(face, matrix, (SIDE, SIDE)) for face in faces]
    inner = slice(10, -10)
    np.testing.assert_allclose(
        turned[:, inner, inner], np.stack(expected)[:, inner, inner], atol=2.5
    )


def test_what_a_move_lets_in_is_black_or_the_edge(faces: np.ndarray):
    away = affine(1, 0, 1, 0, 1, 0)
    black, edge = (numbers(warp(faces, away, np.full(4, border))) for border in (1.0, 0.0))
    assert (black[:, :, -20:] == 0).all()
    np.testing.assert_allclose(edge[:, :, -1], faces[:, :, -1], atol=0.01)


def test_tone_applies_gamma_contrast_and_brightness(faces: np.ndarray):
    tones = np.tile(np.array([[0.6, 1.0, 0.0]], np.float32), (4, 1))
    expected = 255 * (np.maximum(faces / 255, 1e-4)) ** 0.6
    np.testing.assert_allclose(numbers(tone(faces, tones)), expected, atol=0.01)
    flat = np.tile(np.array([[1.0, 0.5, 0.1]], np.float32), (4, 1))
    expected = (faces - 127.5) * 0.5 + 127.5 + 25.5
    np.testing.assert_allclose(numbers(tone(faces, flat)), expected, atol=0.05)


def test_the_lenses_blur_and_shrink_as_opencv_does(faces: np.ndarray):
    bank = lens_bank(AugmentConfig(blur_sigma=1.0, shrink_to=24), SIDE)
    assert bank.shape == (1 + BLURS + SHRINKS, SIDE, SIDE)
    np.testing.assert_allclose(bank.sum(axis=2), 1, atol=1e-5)
    blurred = numbers(sandwich(bank[BLURS], faces))
    expected = [cv2.GaussianBlur(f, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE) for f in faces]
    np.testing.assert_allclose(blurred, np.stack(expected), atol=0.5)
    shrunk = numbers(sandwich(bank[BLURS + 1], faces))
    small = [cv2.resize(f, (24, 24), interpolation=cv2.INTER_AREA) for f in faces]
    expected = [cv2.resize(s, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for s in small]
    np.testing.assert_allclose(shrunk, np.stack(expected), atol=0.1)


def test_jpeg_loses_what_libjpeg_loses():
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (4, SIDE, SIDE)).astype(np.float32)
    lossy = numbers(
        jpeg(faces, np.array([0, 50 / 30, 50 / 30, 50 / 30], np.float32), *jpeg_basis(SIDE))
    )
    np.testing.assert_array_equal(lossy[0], faces[0])
    for face, mine in zip(faces[1:], lossy[1:], strict=True):
        _, data = cv2.imencode(".jpg", face.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 30])
        theirs = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        assert np.abs(np.clip(mine, 0, 255) - theirs).mean() < 1.5


def test_erase_fills_one_rectangle_with_one_grey(faces: np.ndarray):
    boxes = np.tile(np.array([[0.25, 0.5, 0.0, 0.5, 99]], np.float32), (4, 1))
    erased = numbers(erase(faces, boxes))
    assert (erased[:, 12:24, :24] == 99).all()
    np.testing.assert_array_equal(erased[:, 24:], faces[:, 24:])
    np.testing.assert_array_equal(erased[:, :, 24:], faces[:, :, 24:])


def test_mix_blends_with_the_mirror_place_of_the_batch(faces: np.ndarray):
    mixed = numbers(mix(faces, np.full((4, 1, 1), 0.75, np.float32)))
    np.testing.assert_allclose(mixed, 0.75 * faces + 0.25 * faces[::-1], rtol=1e-5)
