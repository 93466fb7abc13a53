"""Decoded frames as pictures that x264 takes and that can be drawn on."""

from dataclasses import dataclass, field

import numpy as np
from av.video.frame import PictureType, VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from fer_core.sinks.drawing import Planes
from fer_core.sources.picture import Orientation, is_limited
from fer_core.types import ByteArray

_BT709 = 1
"""ITU-T H.273's number of BT.709's matrix, as frames and streams are tagged with it."""


@dataclass(frozen=True, slots=True)
class ColourTags:
    """What an output says of its colours, as ITU-T H.273 numbers them."""

    matrix: int
    transfer: int
    primaries: int

    @classmethod
    def of(cls, frame: VideoFrame) -> "ColourTags":
        """Those of a source's frame; RGB becomes YUV by BT.709 and says so."""
        if frame.format.is_rgb or frame.format.has_palette:
            return cls(_BT709, frame.color_trc, frame.color_primaries)
        return cls(frame.colorspace, frame.color_trc, frame.color_primaries)

    def is_bt709(self, height: int) -> bool:
        """Whether players will read it by BT.709, which they take for granted in HD."""
        unspecified = 2
        return self.matrix == _BT709 or (self.matrix in (0, unspecified) and height >= 720)


@dataclass(slots=True)
class Canvas:
    """Makes frames upright, 8-bit yuv420p of limited range, with even sides.

    Frames that are so already pass untouched. An odd side gets one more row or column, a copy
    of the last one. A frame of another size than the first is scaled to it.

    Args:
        width, height: stored size of the first frame, pixels.
        orientation: how the stored pictures stand.
    """

    width: int
    height: int
    orientation: Orientation
    _convert: VideoReformatter = field(default_factory=VideoReformatter)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames that are made."""
        width, height = self.orientation.size(self.width, self.height)
        return width + width % 2, height + height % 2

    def prepare(self, frame: VideoFrame) -> VideoFrame:
        """A frame as above; it may share its memory with the decoder's."""
        rgb = frame.format.is_rgb or frame.format.has_palette
        plain = self._convert.reformat(
            frame,
            self.width,
            self.height,
            "yuv420p",
            src_color_range=ColorRange.MPEG if is_limited(frame) else ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_colorspace=Colorspace.ITU709 if rgb else None,
        )
        if self.orientation != Orientation() or self.width % 2 or self.height % 2:
            plain = self._upright(plain)
        plain.pict_type = PictureType.NONE
        return plain

    def _upright(self, frame: VideoFrame) -> VideoFrame:
        made = VideoFrame(*self.size, "yuv420p")
        for source, target in zip(planes(frame), planes(made), strict=True):
            turned = self.orientation.apply(source)
            rows, columns = turned.shape
            target[:rows, :columns] = turned
            target[rows:] = target[rows - 1 : rows]
            target[:, columns:] = target[:, columns - 1 : columns]
        return made


def planes(frame: VideoFrame) -> Planes:
    """Views of a yuv420p frame's three planes."""
    y, u, v = (_plane(plane) for plane in frame.planes)
    return y, u, v


def _plane(plane: VideoPlane) -> ByteArray:
    rows = np.frombuffer(plane, np.uint8, plane.height * plane.line_size)  # pyright: ignore
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]
