"""Augmentation in the network itself: one Keras layer, made of `keras.ops` for every backend.

All geometry is one affine warp. Blur and shrinking are linear and separable, and so is JPEG's
cosine transform: each is a matrix from the left and from the right.
"""

import cv2
import numpy as np

from fer_core.training.backend import Tensor, keras, layers, ops
from fer_core.training.config import AugmentConfig
from fer_core.types import FloatArray

BLURS = 8
SHRINKS = 8

# Luminance quantisation of ITU-T T.81, table K.1.
_JPEG_TABLE = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56
14 17 22 29 51 87 80 62  18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92
49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""


class Augment(layers.Layer):
    """Varies pictures as told.

    Its input is a dict: `image` (n, size, size, 1), grey values 0–255, and the arrays of
    `draws.draw`. Its output is float32 of the image's shape, in 0–255.

    Args:
        config: which variations there are; those that are off cost nothing.
        size: side of the pictures in pixels.
    """

    def __init__(self, config: AugmentConfig, size: int) -> None:
        super().__init__(dtype="float32", name="augment", trainable=False)
        self.config = config
        self.size = size
        self.lenses = lens_bank(config, size)
        self.cosines, self.table = jpeg_basis(size)
        self.noise_seed = keras.random.SeedGenerator(0)

    def compute_output_shape(self, input_shape: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        return input_shape["image"]

    def call(self, inputs: dict[str, Tensor]) -> Tensor:
        c = self.config
        x = ops.cast(ops.squeeze(inputs["image"], -1), "float32")
        x = warp(x, inputs["affine"], inputs["border"])
        x = tone(x, inputs["tone"])
        if c.blur or c.shrink:
            lens = ops.take(ops.convert_to_tensor(self.lenses), inputs["lens"], axis=0)
            x = sandwich(lens, x)
        if c.noise:
            noise = keras.random.normal(ops.shape(x), seed=self.noise_seed)
            x = x + noise * _each(inputs["noise"])
        if c.jpeg:
            x = jpeg(x, inputs["jpeg"], self.cosines, self.table)
        if c.erase:
            x = erase(x, inputs["erase"])
        x = ops.clip(x, 0.0, 255.0)
        if c.mixup:
            x = mix(x, _each(inputs["mix"]))
        return ops.expand_dims(x, -1)


def warp(x: Tensor, affine: Tensor, border: Tensor) -> Tensor:
    """Bilinear affine warp of (n, side, side) pictures; `affine` and `border` as in `draws`."""
    n, side = ops.shape(x)[0], x.shape[1]
    # Pixel centres from -1 to 1, so that a flip maps the picture exactly onto itself.
    axis = (np.arange(side, dtype=np.float32) * 2 + 1) / side - 1
    v, u = (ops.reshape(grid, (1, -1)) for grid in np.meshgrid(axis, axis, indexing="ij"))
    a = ops.reshape(affine, (-1, 6, 1))
    px = ((a[:, 0] * u + a[:, 1] * v + a[:, 2] + 1) * side - 1) / 2
    py = ((a[:, 3] * u + a[:, 4] * v + a[:, 5] + 1) * side - 1) / 2
    inside = (px > -1) & (px < side) & (py > -1) & (py < side)
    px, py = ops.clip(px, 0.0, side - 1.0), ops.clip(py, 0.0, side - 1.0)
    left, top = (ops.minimum(ops.floor(p), side - 2.0) for p in (px, py))
    fx, fy = px - left, py - top
    corner = ops.cast(top * side + left, "int32")
    flat = ops.reshape(x, (n, side * side))
    values = [
        ops.take_along_axis(flat, corner + offset, axis=1) for offset in (0, 1, side, side + 1)
    ]
    upper = values[0] + fx * (values[1] - values[0])
    lower = values[2] + fx * (values[3] - values[2])
    warped = upper + fy * (lower - upper)
    black = (ops.reshape(border, (-1, 1)) > 0) & ops.logical_not(inside)
    return ops.reshape(ops.where(black, 0.0, warped), (n, side, side))


def tone(x: Tensor, tones: Tensor) -> Tensor:
    """Gamma, then contrast about mid-grey, then brightness; clipped to 0–255."""
    gamma, contrast, brightness = (_each(tones[:, i]) for i in range(3))
    x = ops.power(ops.clip(x / 255, 1e-4, 1.0), gamma)
    return ops.clip((x - 0.5) * contrast + 0.5 + brightness, 0.0, 1.0) * 255


def sandwich(matrix: Tensor, x: Tensor) -> Tensor:
    """`matrix · x · matrixᵀ`: a separable linear map of (n, side, side) pictures."""
    return ops.matmul(ops.matmul(matrix, x), ops.swapaxes(matrix, -1, -2))


def jpeg(x: Tensor, scale: Tensor, cosines: Tensor, table: Tensor) -> Tensor:
    """JPEG's losses at n quantisation scales; pictures whose scale is 0 stay as they are."""
    steps = ops.maximum(ops.round(_each(scale) * table), 1.0)
    coefficients = ops.round(sandwich(cosines, x - 128) / steps) * steps
    lossy = sandwich(ops.transpose(cosines), coefficients) + 128
    return ops.where(_each(scale) > 0, lossy, x)


def erase(x: Tensor, boxes: Tensor) -> Tensor:
    """Fills a rectangle of each picture with one grey; `boxes` as in `draws`."""
    side = x.shape[1]
    places = ops.convert_to_tensor((np.arange(side, dtype=np.float32) + 0.5) / side)
    top, bottom, left, right, grey = (_each(boxes[:, i]) for i in range(5))
    row, column = places[None, :, None], places[None, None, :]
    inside = (row >= top) & (row < bottom) & (column >= left) & (column < right)
    return ops.where(inside, grey, x)


def mix(x: Tensor, share: Tensor) -> Tensor:
    """Each picture with `share` of itself and the rest of the batch's mirror-placed one."""
    return x * share + ops.flip(x, axis=0) * (1 - share)


def _each(values: Tensor) -> Tensor:
    return ops.reshape(values, (-1, 1, 1))


def lens_bank(config: AugmentConfig, size: int) -> FloatArray:
    """(1 + BLURS + SHRINKS, size, size) float32 matrices that blur, or shrink and enlarge.

    The first is the identity; `sandwich` applies one along both axes.
    """
    same = np.eye(size, dtype=np.float32)
    blurs = [
        cv2.GaussianBlur(same, (1, size | 1), sigmaX=0.1, sigmaY=s, borderType=cv2.BORDER_REPLICATE)
        for s in np.linspace(0.4, max(config.blur_sigma, 0.4), BLURS)
    ]
    smallest = min(config.shrink_to, size)
    sides = np.linspace(smallest, max(0.85 * size, smallest), SHRINKS // 2).round().astype(int)
    shrinks = [
        cv2.resize(
            cv2.resize(same, (size, int(side)), interpolation=cv2.INTER_AREA),
            (size, size),
            interpolation=way,
        )
        for side in sides
        for way in (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    ]
    return np.stack([same, *blurs, *shrinks]).astype(np.float32)


def jpeg_basis(size: int) -> tuple[FloatArray, FloatArray]:
    """The 8×8 cosine transform as one (size, size) matrix, and the tiled quantisation table.

    Sides that are no multiple of 8 leave their last pixels in a smaller block.
    """
    cosines = np.zeros((size, size), np.float32)
    for start in range(0, size, 8):
        n = min(8, size - start)
        k, i = np.arange(n)[:, None], np.arange(n)[None, :]
        block = np.sqrt(2 / n) * np.cos((2 * i + 1) * k * np.pi / (2 * n))
        block[0] /= np.sqrt(2)
        cosines[start : start + n, start : start + n] = block
    table = np.array(_JPEG_TABLE.split(), np.float32).reshape(8, 8)
    tiles = -(-size // 8)
    return cosines, np.tile(table, (tiles, tiles))[:size, :size]
