"""The chances of augmentation: what is to happen to each picture of a batch.

They are drawn with numpy and handed to the network's `Augment` layer as plain arrays, so that a
seed, an epoch and a step give the same variations on every backend, and after a resumed run.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.training.config import AugmentConfig
from fer_core.types import FloatArray

Draws = dict[str, np.ndarray]


@dataclass(frozen=True)
class Chance:
    """Draws for n pictures from one random generator."""

    rng: np.random.Generator
    n: int

    def yes(self, probability: float) -> np.ndarray:
        return self.rng.random(self.n) < probability

    def between(self, low: float, high: float) -> FloatArray:
        return self.rng.uniform(low, high, self.n).astype(np.float32)


def draw(config: AugmentConfig, rng: np.random.Generator, n: int, lenses: tuple[int, int]) -> Draws:
    """What happens to each of n pictures.

    Args:
        config: which variations there are and how strong they may be.
        rng: the generator they are drawn from.
        n: pictures in the batch.
        lenses: how many blurs and how many shrinks the `Augment` layer's bank has.

    Returns:
        float32 arrays with n rows each: `affine` (n, 6) maps a place in the new picture to one
        in the old, both in units of half a side from the centre; `border` (n,) is 1 for black;
        `tone` (n, 3) is gamma, contrast factor, brightness in 0–1; `lens` (n,) int32 is a row
        of the lens bank; `jpeg` (n,) scales JPEG's quantisation table, 0 for none; `noise` (n,)
        is a deviation in grey levels; `erase` (n, 5) is top, bottom, left, right as shares of
        the side, and the grey put there; `mix` (n,) is the share that stays of the picture.
    """
    chance = Chance(rng, n)
    return {
        "affine": _affine(config, chance),
        "border": chance.yes(config.black_border).astype(np.float32),
        "tone": _tone(config, chance),
        "lens": _lens(config, chance, lenses),
        "jpeg": _jpeg(config, chance),
        "noise": chance.between(0, config.noise_sigma) * chance.yes(config.noise),
        "erase": _erase(config, chance),
        "mix": _mix(config, chance),
    }


def _affine(config: AugmentConfig, chance: Chance) -> FloatArray:
    angle = np.deg2rad(chance.between(-config.rotate_deg, config.rotate_deg))
    scale = 1 / chance.between(1 - config.zoom, 1 + config.zoom)
    flip_x = np.where(chance.yes(config.flip), -1, 1)
    flip_y = np.where(chance.yes(config.flip_vertical), -1, 1)
    # A share of the side is twice that in units of half a side.
    shift_x, shift_y = (chance.between(-2 * config.shift, 2 * config.shift) for _ in range(2))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    rows = (flip_x * cos, flip_x * sin, shift_x, -flip_y * sin, flip_y * cos, shift_y)
    return np.stack(rows, axis=1).astype(np.float32)


def _tone(config: AugmentConfig, chance: Chance) -> FloatArray:
    limit = np.log1p(config.gamma)
    gamma = np.exp(chance.between(-limit, limit))
    contrast = chance.between(1 - config.contrast, 1 + config.contrast)
    brightness = chance.between(-config.brightness, config.brightness)
    return np.stack((gamma, contrast, brightness), axis=1)


def _lens(config: AugmentConfig, chance: Chance, lenses: tuple[int, int]) -> np.ndarray:
    blurs, shrinks = lenses
    blur = 1 + chance.rng.integers(blurs, size=chance.n)
    shrink = 1 + blurs + chance.rng.integers(shrinks, size=chance.n)
    lens = np.where(chance.yes(config.blur), blur, 0)
    return np.where(chance.yes(config.shrink), shrink, lens).astype(np.int32)


def _jpeg(config: AugmentConfig, chance: Chance) -> FloatArray:
    quality = chance.between(config.jpeg_quality, 95)
    # libjpeg's scale of the standard tables, as a share.
    scale = np.where(quality < 50, 50 / quality, 2 - quality / 50)
    return (scale * chance.yes(config.jpeg)).astype(np.float32)


def _erase(config: AugmentConfig, chance: Chance) -> FloatArray:
    height, width = (chance.between(0.1, max(0.1, config.erase_side)) for _ in range(2))
    top = chance.between(0, 1) * (1 - height)
    left = chance.between(0, 1) * (1 - width)
    bottom = top + height * chance.yes(config.erase)
    return np.stack((top, bottom, left, left + width, chance.between(0, 255)), axis=1)


def _mix(config: AugmentConfig, chance: Chance) -> FloatArray:
    if not config.mixup:
        return np.ones(chance.n, np.float32)
    share = chance.rng.beta(config.mixup, config.mixup, chance.n)
    return np.maximum(share, 1 - share).astype(np.float32)
