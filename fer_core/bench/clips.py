"""The videos that are measured: made once from one face video, and kept.

Encoding is deterministic enough for comparisons within one run, which are all that count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, repeat
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from fer_core.atomic import atomic_file
from fer_core.samples import Look, make_samples, picture, view
from fer_core.sources.container import open_container, video_stream

_TILES = 5
_GRID_FPS = 25


@dataclass(frozen=True, slots=True)
class Clip:
    """A video that is measured.

    Args:
        title: what tables call it.
        path: the file.
        width, height: pixels.
        frames: how many there are.
        seconds: how long it is.
    """

    title: str
    path: Path
    width: int
    height: int
    frames: int
    seconds: float

    @classmethod
    def of(cls, path: Path, title: str | None = None) -> "Clip":
        """A file, read through once (not decoded) to count its frames.

        Raises:
            UnreadableVideo, NoVideoStream: it is no video.
        """
        with open_container(path) as container:
            stream = video_stream(container, path)
            frames = sum(1 for packet in container.demux(stream) if packet.size)
            width, height = stream.codec_context.width, stream.codec_context.height
            rate = float(stream.average_rate or stream.guessed_rate or 25)
        return cls(title or path.name, path, width, height, frames, frames / rate)


def sample_face(directory: Path) -> Path:
    """A video of one face, drawn: for whoever has no better one.

    Raises:
        FerError: scikit-image is not installed.
    """
    path = directory / "zoom.mp4"
    return path if path.exists() else make_samples(directory)[0]


def loop(source: Path, out: Path, seconds: float) -> Path:
    """The packets of a video's pictures over and over again, without encoding anything."""
    with open_container(source) as container, atomic_file(out) as temporary:
        stream = video_stream(container, source)
        packets = [packet for packet in container.demux(stream) if packet.size]
        length = sum(packet.duration or 0 for packet in packets)
        turns = -(-seconds // float(length * packets[0].time_base))
        with av.open(str(temporary), "w") as target:
            copy = target.add_stream_from_template(stream)
            for turn in range(int(turns)):
                for packet in packets:
                    target.mux(_shifted(packet, turn * length, copy))
    return out


def _shifted(packet: av.Packet, by: int, stream: av.VideoStream) -> av.Packet:
    again = av.Packet(bytes(packet))
    again.pts, again.dts = ((time or 0) + by for time in (packet.pts, packet.dts))
    again.time_base, again.is_keyframe = packet.time_base, packet.is_keyframe
    again.duration, again.stream = packet.duration, stream
    return again


def scale(source: Path, out: Path, size: tuple[int, int], frames: int) -> Path:
    """The first so many frames of a video at another size; a short one begins again."""
    with open_container(source) as container:
        rate = video_stream(container, source).average_rate or Fraction(25)
    endless = chain.from_iterable(_decoded(path) for path in repeat(source))
    scaled = (frame.reformat(*size, "yuv420p") for frame in islice(endless, frames))
    return _encode(scaled, out, size, rate)


def _decoded(path: Path) -> Iterator[VideoFrame]:
    with open_container(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        yield from container.decode(stream)


def grid(out: Path, faces: int, frames: int) -> Path:
    """1080p with so many faces (up to 25), all of one size: the same face in 5 × 5 tiles.

    Raises:
        FerError: scikit-image is not installed.
    """
    width, height = 1920 // _TILES, 1080 // _TILES
    face = picture()
    path = (Look(0, 218, 118, 1.4), Look(4, 228, 126, 1.6), Look(8, 218, 118, 1.4))

    def draw() -> Iterator[VideoFrame]:
        empty = np.full((height, width, 3), 128, np.uint8)
        for index in range(frames):
            tile = view(face, path, index / _GRID_FPS % 8, (width, height))
            tiles = [tile if i * faces % 25 < faces else empty for i in range(_TILES**2)]
            rows = [np.hstack(tiles[i : i + _TILES]) for i in range(0, _TILES**2, _TILES)]
            yield VideoFrame.from_ndarray(np.vstack(rows), "bgr24")

    return _encode(draw(), out, (1920, 1080), Fraction(_GRID_FPS))


def _encode(frames: Iterable[VideoFrame], out: Path, size: tuple[int, int], rate: Fraction) -> Path:
    options = {"preset": "medium", "crf": "22"}
    with atomic_file(out) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        # As ffmpeg does: PyAV would cut each picture into slices, which decode faster.
        stream.thread_type = "AUTO"
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = index, 1 / rate, 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out
