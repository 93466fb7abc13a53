"""The frozen dataclasses that flow through the pipeline, one stage to the next.

`VideoRef → Frame → (Frame, Faces) → FrameFaces`. Units stand in the names: `_s` is seconds,
`pts` is in the stream's own time base; boxes are pixels of the upright frame at its full size.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_core.emotions import NUM_EMOTIONS
from fer_core.paths import absolute_path, to_path, to_text

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]


def video_id(source: str) -> str:
    """The stable id of a source: the first 16 hex digits of the SHA-256 of its name.

    Example:
        >>> video_id("/archive/door/2026-11-01.mp4")
        '264a28dd70d6bc21'
    """
    return hashlib.sha256(source.encode()).hexdigest()[:16]


class Recorded(Protocol):
    """What records are of: a video file, or one run of a camera."""

    @property
    def video_id(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def camera(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class VideoRef:
    """A video file that is to be analysed.

    Args:
        path: absolute path of the file.
        relative: the path below the INPUT it was found in; outputs keep it.
        camera: name of the camera that recorded it, if known.
    """

    path: Path
    relative: PurePath
    camera: str | None = None

    @property
    def source(self) -> str:
        """The name under which the records know this video: its absolute path as text."""
        return to_text(self.path)

    @property
    def video_id(self) -> str:
        return video_id(self.source)

    @classmethod
    def of(cls, path: str | Path) -> "VideoRef":
        """A reference to a single file that was named outright."""
        absolute = absolute_path(to_path(str(path)))
        return cls(absolute, PurePath(absolute.name))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a video: the frames with start ≤ pts < end.

    Args:
        index: its place among the chunks of its video, from 0 …
        count: … and how many these are.
        start, end: pts in the stream's time base; None for the video's own start or end.
        start_s, end_s: the same in seconds of media from the video's start.
        everything: whether all frames are decoded, as behind damage, wanted or not.
    """

    index: int
    count: int
    start: int | None
    end: int | None
    start_s: float
    end_s: float
    everything: bool = False

    def holds(self, pts: int) -> bool:
        """Whether the frame at `pts` belongs to it."""
        return not self.is_before(pts) and (self.end is None or pts < self.end)

    def is_before(self, pts: int) -> bool:
        """Whether `pts` is earlier than it."""
        return self.start is not None and pts < self.start


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one job is, cumulative within its phase.

    The phases of a video are "analyse", then "render"; of one in chunks "analyse" for each of
    them, then "track", then "render".

    Args:
        phase: what is being done.
        media_time_s: seconds of the video, or of the chunk, that are through.
        frames: frames that were looked at.
        faces: faces that were found in them.
        duration_s: length of all of it in seconds; None where the container does not say.
    """

    phase: str
    media_time_s: float
    frames: int = 0
    faces: int = 0
    duration_s: float | None = None


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """An `OnProgress` for whoever does not want to hear of it."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a container says of its video stream. Sizes are those of the upright frame.

    Args:
        start_time_s: time of the first frame in seconds, as FFmpeg counts (may be ≠ 0).
        duration_s: length in seconds; None where the container does not say.
        fps: average frame rate; None where unknown.
        width, height: pixels of the upright frame.
        codec: FFmpeg's name of the codec, such as "h264".
        captured_at: wall-clock time (UTC) of the first frame, if the file tells.
        has_audio: whether there is an audio stream.
    """

    start_time_s: float
    duration_s: float | None
    fps: float | None
    width: int
    height: int
    codec: str
    captured_at: datetime | None = None
    has_audio: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One sampled frame, upright.

    Args:
        frame_index: rank by pts among all frames of the video, from 0.
        pts: presentation time stamp in the stream's time base.
        time_s: the same in seconds (the frame's own, never index ÷ fps).
        luma: (height, width) uint8, the full-size grey picture; may be a view of the
            decoder's Y plane and must not be written to.
        bgr: (h, w, 3) uint8, the small colour picture for the detector.
        limited_range: whether `luma` uses 16–235 (video range) for black to white.
        picture: the decoder's own picture, as stored (not turned), for drawing on a copy of it;
            None where the frame is not from a video.
    """

    frame_index: int
    pts: int
    time_s: float
    luma: ByteArray
    bgr: ByteArray
    limited_range: bool = False
    picture: "VideoFrame | None" = None

    @property
    def scale(self) -> tuple[float, float]:
        """Factors (x, y) from pixels of `bgr` to pixels of the full-size frame."""
        return (
            self.luma.shape[1] / self.bgr.shape[1],
            self.luma.shape[0] / self.bgr.shape[0],
        )


def _check(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.float32:
        raise ValueError(
            f"{name}: expected float32 of shape {shape}, got {array.dtype} of {array.shape}"
        )


@dataclass(frozen=True, slots=True)
class Faces:
    """The n faces of one picture, column by column; highest score first.

    Args:
        boxes: (n, 4) float32, x y width height in pixels; may reach over the border.
        landmarks: (n, 10) float32, x y of right eye, left eye, nose tip, right and left
            mouth corner (the person's right and left), pixels.
        scores: (n,) float32 in 0–1.
    """

    boxes: FloatArray
    landmarks: FloatArray
    scores: FloatArray

    def __post_init__(self) -> None:
        n = len(self.scores)
        _check("scores", self.scores, (n,))
        _check("boxes", self.boxes, (n, 4))
        _check("landmarks", self.landmarks, (n, 10))

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def corners(self) -> FloatArray:
        """(n, 4) left, top, right and bottom of the boxes."""
        return np.concatenate([self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]], axis=1)

    @classmethod
    def none(cls) -> "Faces":
        """The faces of a picture that has none."""
        return cls(*(np.zeros(shape, np.float32) for shape in ((0, 4), (0, 10), (0,))))

    def scaled(self, x: float, y: float) -> "Faces":
        """The same faces in a picture x times as wide and y times as high."""
        pair = np.array([x, y], np.float32)
        return Faces(self.boxes * np.tile(pair, 2), self.landmarks * np.tile(pair, 5), self.scores)


@dataclass(frozen=True, slots=True)
class FrameFaces:
    """All that is known of one sampled frame, with its pictures let go.

    A frame without a face is one of these with `len(faces) == 0`: "looked, saw nobody" is not
    "not looked".

    Args:
        frame_index, pts, time_s: as in `Frame`.
        faces: n faces, pixels of the upright full-size frame.
        probabilities: (n, 7) float32 in the order of `EMOTIONS`, rows sum to 1.
        sharpness: (n,) float32, variance of the Laplacian of the crop.
        yaw: (n,) float32, degrees, positive when the face turns to the picture's right.
    """

    frame_index: int
    pts: int
    time_s: float
    faces: Faces = field(default_factory=Faces.none)
    probabilities: FloatArray = field(
        default_factory=lambda: np.zeros((0, NUM_EMOTIONS), np.float32)
    )
    sharpness: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    yaw: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        n = len(self.faces)
        _check("probabilities", self.probabilities, (n, NUM_EMOTIONS))
        _check("sharpness", self.sharpness, (n,))
        _check("yaw", self.yaw, (n,))
