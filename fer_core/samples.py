"""Short sample videos with faces, drawn from a picture in the public domain.

The picture is `skimage.data.astronaut()`, a portrait of Eileen Collins by NASA. It comes with
scikit-image (the extra `demo`), so nothing is downloaded.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import VideoFrame

from fer_core.atomic import atomic_file
from fer_core.errors import FerError
from fer_core.types import ByteArray, FloatArray

_FPS = 25
_SOUND_RATE = 48_000
_VOLUME = 0.08


@dataclass(frozen=True, slots=True)
class Look:
    """Where the camera looks at one moment.

    Args:
        time_s: the moment.
        x, y: pixel of the picture in the middle of the view.
        zoom: how much larger than the picture the view shows it.
    """

    time_s: float
    x: float
    y: float
    zoom: float


@dataclass(frozen=True, slots=True)
class Clip:
    """One sample video.

    Args:
        name: of its file.
        cameras: what each tile shows; tiles stand side by side.
        size: width and height of a tile, pixels.
        chord: frequencies of its sound, Hz.
    """

    name: str
    cameras: tuple[tuple[Look, ...], ...]
    size: tuple[int, int]
    chord: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return self.cameras[0][-1].time_s


_CLIPS = (
    Clip(
        "zoom.mp4",
        ((Look(0, 256, 150, 1.25), Look(4, 223, 122, 2.6), Look(8, 256, 150, 1.25)),),
        (640, 360),
        (220.0, 277.18, 329.63),
    ),
    Clip(
        "tilt.mp4",
        (
            (
                Look(0, 250, 396, 1.6),
                Look(2.5, 260, 396, 1.6),
                Look(4.5, 240, 130, 2.0),
                Look(7, 220, 125, 2.2),
                Look(8, 388, 120, 2.6),
                Look(10, 388, 200, 2.6),
            ),
        ),
        (640, 360),
        (196.0, 246.94, 293.66),
    ),
    Clip(
        "video-call.mp4",
        (
            (Look(0, 215, 140, 2.0), Look(3, 235, 150, 1.9), Look(8, 210, 140, 2.1)),
            (Look(0, 240, 250, 1.08), Look(5, 262, 256, 1.06), Look(8, 240, 250, 1.15)),
        ),
        (480, 540),
        (174.61, 220.0, 261.63),
    ),
)


def make_samples(directory: Path) -> list[Path]:
    """Draw three short MP4s (H.264, AAC) into a directory; the same ones every time.

    `zoom.mp4` goes up to a face and back, `tilt.mp4` begins and ends without a face, and
    `video-call.mp4` shows two faces of different sizes at once.

    Args:
        directory: made if it is missing; files of these names are replaced.

    Returns:
        The paths of the three videos.

    Raises:
        FerError: scikit-image is not installed.
    """
    face = picture()
    paths = [directory / clip.name for clip in _CLIPS]
    for clip, path in zip(_CLIPS, paths, strict=True):
        with atomic_file(path) as temporary, av.open(str(temporary), "w") as container:
            _encode(clip, face, container)
    return paths


def picture() -> ByteArray:
    """(512, 512, 3) uint8 BGR: the portrait.

    Raises:
        FerError: scikit-image is not installed.
    """
    try:
        from skimage import data  # pyright: ignore
    except ImportError as error:
        raise FerError(
            "sample videos need scikit-image; install it with: pip install 'fer-core[demo]'"
        ) from error
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


def _frames(clip: Clip, picture: ByteArray) -> Iterator[ByteArray]:
    for index in range(round(clip.duration_s * _FPS)):
        tiles = [view(picture, path, index / _FPS, clip.size) for path in clip.cameras]
        tiles[1:] = [np.fliplr(tile) for tile in tiles[1:]]
        yield np.ascontiguousarray(np.hstack(tiles))


def view(
    picture: ByteArray, path: Sequence[Look], time_s: float, size: tuple[int, int]
) -> ByteArray:
    """What a camera on its path sees at one moment."""
    look = _look(path, time_s)
    shift = (size[0] / 2 - look.zoom * look.x, size[1] / 2 - look.zoom * look.y)
    matrix = np.array([[look.zoom, 0, shift[0]], [0, look.zoom, shift[1]]])
    view = cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(view, np.uint8)


def _look(path: Sequence[Look], time_s: float) -> Look:
    """Where a camera looks between the moments of its path; it starts and stops gently."""
    before, after = next(
        (pair for pair in pairwise(path) if time_s <= pair[1].time_s),
        (path[-2], path[-1]),
    )
    part = min(1.0, (time_s - before.time_s) / (after.time_s - before.time_s))
    eased = part * part * (3 - 2 * part)

    def between(start: float, end: float) -> float:
        return start + (end - start) * eased

    return Look(
        time_s,
        between(before.x, after.x),
        between(before.y, after.y),
        between(before.zoom, after.zoom),
    )


def _encode(clip: Clip, picture: ByteArray, container: OutputContainer) -> None:
    options = {"crf": "20", "preset": "veryfast"}
    video = container.add_stream("libx264", rate=_FPS, options=options)
    video.width, video.height = clip.size[0] * len(clip.cameras), clip.size[1]
    video.pix_fmt = "yuv420p"
    video.thread_count = 2  # x264's output depends on it
    sound = container.add_stream("aac", rate=_SOUND_RATE)
    sound.layout = "mono"
    for frame in _frames(clip, picture):
        container.mux(video.encode(VideoFrame.from_ndarray(frame, "bgr24")))
    container.mux(video.encode(None))
    samples = AudioFrame.from_ndarray(_chord(clip)[None], "fltp", "mono")
    samples.sample_rate = _SOUND_RATE
    samples.time_base = Fraction(1, _SOUND_RATE)
    samples.pts = 0
    container.mux(sound.encode(samples))
    container.mux(sound.encode(None))


def _chord(clip: Clip) -> FloatArray:
    """A quiet chord that swells and fades, (samples,) float32 in -1–1."""
    count = round(clip.duration_s * _SOUND_RATE)
    time_s = np.arange(count) / _SOUND_RATE
    tones = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in clip.chord)
    envelope = np.sin(np.pi * time_s / clip.duration_s)
    return (_VOLUME * envelope * tones / len(clip.chord)).astype(np.float32)


if __name__ == "__main__":
    made = make_samples(Path(sys.argv[1] if len(sys.argv) > 1 else "samples"))
    sys.stdout.write("".join(f"{path}\n" for path in made))
