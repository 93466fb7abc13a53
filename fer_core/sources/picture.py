"""Pictures out of decoded frames: upright, grey at full size, small in colour.

Conversion is the dear part of decoding, so the grey picture is a view of the decoder's own Y
plane wherever there is one, and the small colour picture is one step of swscale.
"""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from fer_core.types import ByteArray

_AREA = Interpolation.AREA
"""Averages all the pixels it shrinks, and is the fastest of swscale's ways that do."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pictures are to be turned to stand upright: transpose first, then flip.

    These three cover all eight ways in which a display matrix can turn and mirror a picture
    by right angles.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> "Orientation":
        """The orientation that the display matrix of a decoded frame asks for.

        The matrix maps stored x, y to (a·x + c·y, b·x + d·y); any angle is taken to the
        nearest right one. Beside side data that PyAV has no name for, such as Exif, only an
        angle can be read, and whether the picture is mirrored is not known.
        """
        try:  # not `frame.side_data`, which ties the frame to itself: it would stay for long
            data = SideDataContainer(frame).get("DISPLAYMATRIX")  # pyright: ignore
        except ValueError:
            quarter = round(frame.rotation / 90) % 4
            return cls(quarter in (1, 3), quarter in (2, 3), quarter in (1, 2))
        if data is None:
            return cls()
        a, b, _, c, d = np.frombuffer(data, np.int32, 5).tolist()  # pyright: ignore
        if abs(a) >= abs(b):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    def apply(self, picture: ByteArray) -> ByteArray:
        """The upright view of a (height, width, …) picture; nothing is copied."""
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        return picture[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (height, width) if self.transpose else (width, height)


def fit(width: int, height: int, long_side: int) -> tuple[int, int]:
    """The size, in the same proportions, whose longer side is at most `long_side`."""
    scale = min(1.0, long_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def has_luma_plane(pixels: VideoFormat) -> bool:
    """Whether the first plane of a pixel format is 8-bit grey and nothing else."""
    first, *others = pixels.components
    return (
        not (pixels.is_rgb or pixels.has_palette or pixels.is_bit_stream or pixels.is_bayer)
        and first.bits == 8
        and first.plane == 0
        and all(other.plane != 0 for other in others)
    )


def is_limited(frame: VideoFrame) -> bool:
    """Whether a frame's luma runs from 16 to 235, as video does unless it says otherwise."""
    if frame.color_range != ColorRange.UNSPECIFIED:
        return frame.color_range == ColorRange.MPEG
    return not frame.format.name.startswith(("yuvj", "gray"))


@dataclass(slots=True)
class PictureMaker:
    """Makes the two upright pictures of a frame; keeps swscale's tables between frames.

    Args:
        orientation: how the stream's pictures stand.
        long_side: longest side of the small colour picture, in pixels.
    """

    orientation: Orientation
    long_side: int
    _shrink: VideoReformatter = field(default_factory=VideoReformatter)
    _grey: VideoReformatter = field(default_factory=VideoReformatter)

    def luma(self, frame: VideoFrame) -> tuple[ByteArray, bool]:
        """The (height, width) uint8 grey picture, and whether its range is limited.

        A read-only view of the decoder's memory where the format has an 8-bit Y plane, else
        a copy converted to full range.
        """
        limited = has_luma_plane(frame.format) and is_limited(frame)
        if not has_luma_plane(frame.format):
            frame = self._grey.reformat(
                frame, format="gray", dst_color_range=ColorRange.JPEG, threads=1
            )
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8, frame.height * plane.line_size)  # pyright: ignore
        picture = rows.reshape(frame.height, plane.line_size)[:, : frame.width]
        picture.flags.writeable = False
        return self.orientation.apply(picture), limited

    def bgr(self, frame: VideoFrame) -> ByteArray:
        """The (h, w, 3) uint8 colour picture, its longer side at most `long_side`."""
        width, height = fit(frame.width, frame.height, self.long_side)
        small = self._shrink.reformat(
            frame,
            width,
            height,
            "bgr24",
            interpolation=_AREA,
            threads=1,
        )
        return np.ascontiguousarray(self.orientation.apply(cast(ByteArray, small.to_ndarray())))
