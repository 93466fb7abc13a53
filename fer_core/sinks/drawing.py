"""Boxes and panels as small patches that are blended straight onto YUV planes.

A patch is drawn once for a result and pasted into every frame that shows it, so a frame costs
a few blends of some thousand pixels, whatever its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

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
    """(3, 4) float32 from BGR and 1 to Y, U, V, all in 0–255, limited range.

    Args:
        bt709: the matrix of ITU-R BT.709 (high definition), else of BT.601.
    """
    red, blue = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = np.array([blue, 1 - red - blue, red])
    u = (np.array([1, 0, 0]) - luma) / (2 - 2 * blue)
    v = (np.array([0, 0, 1]) - luma) / (2 - 2 * red)
    rows = np.stack([luma * 219 / 255, u * 224 / 255, v * 224 / 255])
    return np.column_stack([rows, [16, 128, 128]]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Patch:
    """A small picture, ready to be blended at one place of a frame.

    Args:
        x, y: where its top left corner lies, in even pixels.
        planes: its own, with even sides.
        opacity: 0–1, the same all over.
    """

    x: int
    y: int
    planes: Planes
    opacity: float = 1.0

    @classmethod
    def of(cls, x: int, y: int, colour: ByteArray, opacity: float, matrix: Matrix) -> "Patch":
        """A patch from a (h, w, 3) uint8 BGR picture with even sides; see `yuv_matrix`."""
        yuv = cv2.transform(colour, matrix)
        height, width = colour.shape[:2]
        half = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        planes = (cv2.extractChannel(plane, k) for k, plane in enumerate((yuv, half, half)))
        return cls(x, y, cast(Planes, tuple(planes)), opacity)

    @classmethod
    def plain(cls, area: Rect, colour: tuple[int, int, int], matrix: Matrix) -> "Patch":
        """An opaque patch of one BGR colour."""
        width, height = area.right - area.left, area.bottom - area.top
        sizes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
        values = cv2.transform(np.array([[colour]], np.uint8), matrix)[0, 0]
        planes = (np.full(size, value) for value, size in zip(values, sizes, strict=True))
        return cls(area.left, area.top, cast(Planes, tuple(planes)))

    def paint(self, planes: Planes) -> None:
        """Blend into the planes, in place; what lies beyond their right and bottom is cut off."""
        for plane, own, step in zip(planes, self.planes, (1, 2, 2), strict=True):
            x, y = self.x // step, self.y // step
            target = plane[y : y + own.shape[0], x : x + own.shape[1]]
            values = own[: target.shape[0], : target.shape[1]]
            if self.opacity == 1:
                target[:] = values
            elif target.size:
                cv2.addWeighted(values, self.opacity, target, 1 - self.opacity, 0, dst=target)


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


def panel(style: Style, title: str, emotion: str, probabilities: Sequence[float]) -> ByteArray:
    """A face's panel: a line of text, and a labelled bar for each emotion.

    Args:
        style: sizes.
        title: the line of text.
        emotion: gives the stripe along the panel its colour.
        probabilities: seven in the order of `EMOTIONS`.

    Returns:
        (h, w, 3) uint8 BGR, h and w even.
    """
    unit = style.unit
    big = unit / 26
    # Measuring text takes longer than drawing it, so it is not done for every number anew.
    shape = "".join("0" if letter.isdigit() else letter for letter in title)
    form = _Form.of(style, max(_text_width(shape, big), _text_width(_LONG_TITLE, big)))
    picture = _blank_panel(form, emotion).copy()
    _text(picture, title, form.stripe + form.pad, unit + form.pad // 3, big)
    bar = form.width - form.pad - form.bar_x
    for index, (name, value) in enumerate(zip(EMOTIONS, probabilities, strict=True)):
        low, high = form.bar_rows(index)
        picture[low:high, form.bar_x : form.bar_x + round(bar * float(value))] = bgr(name)
    return picture


@dataclass(frozen=True, slots=True)
class _Form:
    """Where the parts of a panel lie, in pixels."""

    unit: int
    pad: int
    stripe: int
    bar_x: int
    width: int

    @classmethod
    def of(cls, style: Style, text: int) -> "_Form":
        """That of a panel whose line of text is so wide."""
        unit = style.unit
        pad, stripe = round(unit * 0.4), max(2, unit // 5)
        bar_x = stripe + 2 * pad + max(_text_width(name, unit / 33) for name in EMOTIONS)
        width = _even(max(bar_x + round(unit * 3.2), stripe + pad + text) + pad)
        return cls(unit, pad, stripe, bar_x, width)

    def row(self, index: int) -> int:
        """Top of the row of an emotion."""
        return round(self.unit * 1.35) + index * round(self.unit * 0.82)

    def bar_rows(self, index: int) -> tuple[int, int]:
        """Top and bottom of its bar."""
        y, row = self.row(index), round(self.unit * 0.82)
        top = round(row * 0.2)
        return y + top, y + max(top + 2, round(row * 0.85))


@lru_cache(maxsize=64)
def _blank_panel(form: _Form, emotion: str) -> ByteArray:
    """What is the same in all panels of an emotion; not to be written to."""
    row = round(form.unit * 0.82)
    height = _even(form.row(len(EMOTIONS)) + form.pad)
    picture = np.full((height, form.width, 3), _PANEL, np.uint8)
    picture[:, : form.stripe] = bgr(emotion)
    for index, name in enumerate(EMOTIONS):
        y = form.row(index) + round(row * 0.78)
        _text(picture, name, form.stripe + form.pad, y, form.unit / 33)
        low, high = form.bar_rows(index)
        picture[low:high, form.bar_x : form.width - form.pad] = _TRACK
    picture.flags.writeable = False
    return picture


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
    right, bottom = max(box.left + line, box.right), max(box.top + line, box.bottom)
    sides = (
        Rect(box.left, box.top, right, box.top + line),
        Rect(box.left, bottom - line, right, bottom),
        Rect(box.left, box.top, box.left + line, bottom),
        Rect(right - line, box.top, right, bottom),
    )
    return [Patch.plain(side, bgr(emotion), matrix) for side in sides]


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
        panels: list[ByteArray] = []
        columns = zip(faces, track_ids, emotions, confidences, probabilities, strict=True)
        for face, track, emotion, confidence, row in columns:
            sides += outline(face, emotion, self._style, self._matrix)
            title = f"#{track} {emotion} {confidence:.2f}"
            panels.append(panel(self._style, title, emotion, row.tolist()))
        sizes = [(picture.shape[1], picture.shape[0]) for picture in panels]
        places = self._places.place(faces, track_ids, sizes)
        return sides + [
            Patch.of(place.left, place.top, picture, _PANEL_OPACITY, self._matrix)
            for place, picture in zip(places, panels, strict=True)
        ]
