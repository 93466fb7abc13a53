"""Boxes and panels as small patches that are blended straight onto YUV planes.

A patch is drawn once for a result and pasted into every frame that shows it, so a frame costs
a few blends of some thousand pixels, whatever its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_core.emotions import EMOTIONS
from fer_core.sinks.layout import PanelPlaces, Rect, clip_box
from fer_core.sinks.palette import bgr
from fer_core.types import ByteArray, FloatArray

Planes = tuple[ByteArray, ByteArray, ByteArray]
"""Y (h, w), U and V (h/2, w/2), uint8, of a picture with even sides."""

Matrix = NDArray[np.float32]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE = (255, 255, 255)
_PANEL = (24, 24, 24)
_TRACK = (70, 70, 70)
_PANEL_OPACITY = 0.8
_LONG_TITLE = "#10 surprise 0.00"
"""Panels are at least as wide as this needs, so that they keep their size as results change."""


def yuv_matrix(bt709: bool) -> Matrix:
    """(3, 3) float32 from BGR in 0–255 to Y, U, V without their offsets, limited range.

    Args:
        bt709: the matrix of ITU-R BT.709 (high definition), else of BT.601.
    """
    red, blue = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = np.array([blue, 1 - red - blue, red])
    u = (np.array([1, 0, 0]) - luma) / (2 - 2 * blue)
    v = (np.array([0, 0, 1]) - luma) / (2 - 2 * red)
    return np.stack([luma * 219 / 255, u * 224 / 255, v * 224 / 255]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Patch:
    """A small picture with opacity, ready to be blended at one place of a frame.

    Args:
        x, y: where its top left corner lies, in even pixels.
        layers: for Y, U and V each its values times opacity, and 256 times what is let
            through, both uint16.
    """

    x: int
    y: int
    layers: tuple[tuple[NDArray[np.uint16], NDArray[np.uint16]], ...]

    @classmethod
    def of(cls, x: int, y: int, colour: ByteArray, opacity: FloatArray, matrix: Matrix) -> "Patch":
        """A patch from a picture with even sides.

        Args:
            x, y: even position.
            colour: (h, w, 3) uint8 BGR.
            opacity: (h, w) float32 in 0–1.
            matrix: see `yuv_matrix`.
        """
        yuv = colour.astype(np.float32) @ matrix.T + np.array([16, 128, 128], np.float32)
        y_plane, *chroma = np.moveaxis(yuv, 2, 0)
        thin = _halve(opacity)
        pairs = [(y_plane, opacity), *((_halve(plane), thin) for plane in chroma)]
        return cls(x, y, tuple(_layer(values, alpha) for values, alpha in pairs))

    def paint(self, planes: Planes) -> None:
        """Blend into the planes, in place; what lies beyond their right and bottom is cut off."""
        for plane, (values, through), step in zip(planes, self.layers, (1, 2, 2), strict=True):
            x, y = self.x // step, self.y // step
            target = plane[y : y + values.shape[0], x : x + values.shape[1]]
            part = np.s_[: target.shape[0], : target.shape[1]]
            target[:] = (target * through[part] + values[part]) >> 8


def _halve(plane: FloatArray) -> FloatArray:
    height, width = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def _layer(values: FloatArray, alpha: FloatArray) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    through = np.rint((1 - alpha) * 256).astype(np.uint16)
    return np.rint(values * (256 - through) + 127).astype(np.uint16), through


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes of what is drawn, in pixels, all from the size of the frame.

    Args:
        unit: height of a line of text.
        line: thickness of a box, even.
    """

    unit: int
    line: int

    @classmethod
    def of(cls, width: int, height: int) -> "Style":
        """Legible at 360p, and no larger a part of a 4K frame than it must be."""
        short = min(width, height)
        unit = max(9, round(5 + short / 54))
        return cls(unit, max(2, unit // 12 * 2))


def _even(size: float) -> int:
    return 2 * math.ceil(size / 2)


@lru_cache(maxsize=64)
def _text_width(text: str, scale: float) -> int:
    return cv2.getTextSize(text, _FONT, scale, 1)[0][0]


def panel(
    style: Style, title: str, emotion: str, probabilities: Sequence[float]
) -> tuple[ByteArray, FloatArray]:
    """A face's panel: a line of text, and a labelled bar for each emotion.

    Args:
        style: sizes.
        title: the line of text.
        emotion: gives the stripe along the panel its colour.
        probabilities: seven in the order of `EMOTIONS`.

    Returns:
        (h, w, 3) uint8 BGR and (h, w) float32 opacity, h and w even.
    """
    unit = style.unit
    pad, row = round(unit * 0.4), round(unit * 0.82)
    big, small = unit / 26, unit / 33
    stripe = max(2, unit // 5)
    bar_x = stripe + 2 * pad + max(_text_width(name, small) for name in EMOTIONS)
    text = max(_text_width(title, big), _text_width(_LONG_TITLE, big))
    width = _even(max(bar_x + round(unit * 3.2), stripe + pad + text) + pad)
    bar = width - pad - bar_x
    top = round(unit * 1.35)
    picture = np.full((_even(top + row * len(EMOTIONS) + pad), width, 3), _PANEL, np.uint8)
    picture[:, :stripe] = bgr(emotion)
    _text(picture, title, stripe + pad, unit + pad // 3, big)
    for index, (name, value) in enumerate(zip(EMOTIONS, probabilities, strict=True)):
        y = top + index * row
        _text(picture, name, stripe + pad, y + round(row * 0.78), small)
        low, high = y + round(row * 0.2), y + max(round(row * 0.2) + 2, round(row * 0.85))
        picture[low:high, bar_x : bar_x + bar] = _TRACK
        picture[low:high, bar_x : bar_x + round(bar * float(value))] = bgr(name)
    return picture, np.full(picture.shape[:2], _PANEL_OPACITY, np.float32)


def _text(picture: ByteArray, text: str, x: int, y: int, scale: float) -> None:
    cv2.putText(picture, text, (x, y), _FONT, scale, _WHITE, 1, cv2.LINE_AA)


def outline(box: Rect, emotion: str, style: Style, matrix: Matrix) -> list[Patch]:
    """The four sides of a box, drawn inside of it.

    Args:
        box: even pixels within the frame.
        emotion: gives the box its colour.
        style: sizes.
        matrix: see `yuv_matrix`.
    """
    line = style.line
    width, height = max(line, box.right - box.left), max(line, box.bottom - box.top)
    sides = (
        (box.left, box.top, width, line),
        (box.left, box.top + height - line, width, line),
        (box.left, box.top, line, height),
        (box.left + width - line, box.top, line, height),
    )
    return [
        Patch.of(
            x,
            y,
            np.full((h, w, 3), bgr(emotion), np.uint8),
            np.ones((h, w), np.float32),
            matrix,
        )
        for x, y, w, h in sides
    ]


class Painter:
    """Turns results into patches for frames of one size.

    Args:
        width, height: pixels of the frames, even.
        bt709: whether the frames' colours follow BT.709, else BT.601.
    """

    def __init__(self, width: int, height: int, bt709: bool) -> None:
        self._width = width
        self._height = height
        self._style = Style.of(width, height)
        self._matrix = yuv_matrix(bt709)
        self._places = PanelPlaces(width, height, gap=2 * self._style.line)

    def patches(
        self,
        boxes: FloatArray,
        track_ids: Sequence[int],
        emotions: Sequence[str],
        confidences: Sequence[float],
        probabilities: FloatArray,
    ) -> list[Patch]:
        """Boxes and panels of the n faces of one result, panels last.

        Args:
            boxes: (n, 4) float32, x y width height in pixels.
            track_ids, emotions, confidences: n each.
            probabilities: (n, 7) float32.
        """
        faces = [clip_box(box, self._width, self._height) for box in boxes.tolist()]
        sides: list[Patch] = []
        pictures: list[tuple[ByteArray, FloatArray]] = []
        columns = zip(faces, track_ids, emotions, confidences, probabilities, strict=True)
        for face, track, emotion, confidence, row in columns:
            sides += outline(face, emotion, self._style, self._matrix)
            title = f"#{track} {emotion} {confidence:.2f}"
            pictures.append(panel(self._style, title, emotion, row.tolist()))
        sizes = [(picture.shape[1], picture.shape[0]) for picture, _ in pictures]
        places = self._places.place(faces, track_ids, sizes)
        return sides + [
            Patch.of(place.left, place.top, picture, opacity, self._matrix)
            for place, (picture, opacity) in zip(places, pictures, strict=True)
        ]
