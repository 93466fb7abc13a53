"""Where the panels of the faces go: beside their boxes, off the faces, inside the picture."""

from collections.abc import Sequence
from dataclasses import dataclass

_SLACK = 0.1
"""A panel changes sides only where a tenth of a face or panel comes free, lest it flickers."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels: left, top, right, bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    def overlap(self, other: "Rect") -> int:
        """The area that both cover, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


def clip_box(box: Sequence[float], width: int, height: int) -> Rect:
    """A face's box (x y width height) on even pixels within a frame."""
    x, y, w, h = (float(value) for value in box)
    left, right = (_even_within(value, width) for value in (x, x + w))
    top, bottom = (_even_within(value, height) for value in (y, y + h))
    return Rect(left, top, right, bottom)


def _even_within(value: float, limit: int) -> int:
    return 2 * round(min(max(value, 0), limit) / 2)


def _cost(panel: Rect, faces: Sequence[Rect], taken: Sequence[Rect]) -> float:
    """How many faces and other panels a place covers, each counted by its covered part."""
    return sum(panel.overlap(other) / max(1, other.area) for other in (*faces, *taken))


class PanelPlaces:
    """Finds places for panels, and remembers on which side of its face each one was.

    Args:
        width, height: pixels of the frame.
        gap: pixels between a box and its panel, even.
    """

    def __init__(self, width: int, height: int, gap: int) -> None:
        self._width = width
        self._height = height
        self._gap = gap
        self._sides: dict[int, str] = {}

    def place(
        self,
        faces: Sequence[Rect],
        track_ids: Sequence[int],
        sizes: Sequence[tuple[int, int]],
    ) -> list[Rect]:
        """One place for each face's panel.

        Args:
            faces: the boxes.
            track_ids: one a face; a track's panel stays on its side while that does.
            sizes: width and height of each panel, even.
        """
        taken: list[Rect] = []
        for face, track, size in zip(faces, track_ids, sizes, strict=True):
            options = self._options(face, size)
            costs = {side: _cost(rect, faces, taken) for side, rect in options.items()}
            side = min(costs, key=costs.__getitem__)
            before = self._sides.get(track, side)
            if costs[before] <= costs[side] + _SLACK:
                side = before
            self._sides[track] = side
            taken.append(options[side])
        return taken

    def _options(self, face: Rect, size: tuple[int, int]) -> dict[str, Rect]:
        width, height = size
        corners = {
            "right": (face.right + self._gap, face.top),
            "left": (face.left - self._gap - width, face.top),
            "below": (face.left, face.bottom + self._gap),
            "above": (face.left, face.top - self._gap - height),
            "right, up": (face.right + self._gap, face.bottom - height),
            "left, up": (face.left - self._gap - width, face.bottom - height),
            "below, back": (face.right - width, face.bottom + self._gap),
            "above, back": (face.right - width, face.top - self._gap - height),
        }
        return {side: self._inside(x, y, width, height) for side, (x, y) in corners.items()}

    def _inside(self, x: int, y: int, width: int, height: int) -> Rect:
        x = max(0, min(x, self._width - width))
        y = max(0, min(y, self._height - height))
        return Rect(x, y, x + width, y + height)
