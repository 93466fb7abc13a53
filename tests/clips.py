"""Small clips with known properties: every frame carries its number in black and white blocks.

The blocks survive compression and are read back from the decoded grey picture, so that a test
can say which frame it was given, and that it stands upright.
"""

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

BITS = 8
COLUMNS = 4
SOUND_RATE = 48_000
FRAME_S = Fraction(1, 30)
"""How long the last frame of a clip is shown."""
EXIF_ORIENTATIONS = {0: 1, 90: 8, 180: 3, 270: 6}
"""What Exif calls the degrees counter-clockwise by which a picture is to be turned."""


@dataclass(frozen=True)
class Clip:
    """How a clip is made.

    Args:
        name: of the file; its suffix says which container.
        codec: FFmpeg's name of the encoder.
        size: width and height of the upright pictures.
        stamps: when each frame is shown, in units of `time_base`; so many frames there are.
        time_base: seconds per unit.
        pix_fmt: FFmpeg's name of the pixel format.
        options: of the encoder.
        sound: encoder of a sound track, or None.
        sound_start_s: when it begins.
        rotation: degrees counter-clockwise by which players have to turn the pictures.
        muxer: options of the container.
        metadata: of the container.
        exif: whether every frame (Motion JPEG) says in Exif how it is to be turned.
    """

    name: str
    codec: str = "libx264"
    size: tuple[int, int] = (160, 96)
    stamps: tuple[int, ...] = tuple(range(0, 30 * 512, 512))
    time_base: Fraction = Fraction(1, 15360)
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    sound: str | None = None
    sound_start_s: float = 0.0
    rotation: int = 0
    muxer: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    exif: bool = False

    @property
    def times_s(self) -> list[float]:
        return [float(stamp * self.time_base) for stamp in self.stamps]


def paint(number: int, size: tuple[int, int]) -> Picture:
    """(height, width, 3) uint8 RGB: a slope of colour with the number in blocks on it."""
    width, height = size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:, :, 0] = np.linspace(60, 180, width)[None]
    picture[:, :, 1] = np.linspace(60, 180, height)[:, None]
    picture[:, :, 2] = 110
    for bit in range(BITS):
        rows, columns = _block(bit, size)
        picture[rows, columns] = 255 if number >> bit & 1 else 0
    return picture


def read_number(grey: Picture) -> int:
    """The number in a grey picture; -1 where a block is neither black nor white."""
    number = 0
    for bit in range(BITS):
        rows, columns = _block(bit, (grey.shape[1], grey.shape[0]))
        block = grey[rows, columns]
        level = float(block[4:-4, 4:-4].mean())
        if 80 < level < 175:
            return -1
        number |= int(level > 128) << bit
    return number


def _block(bit: int, size: tuple[int, int]) -> tuple[slice, slice]:
    """Where a bit lies: in the upper left part, which no turned picture has in its place."""
    width, height = size[0] // (COLUMNS + 2), size[1] // 4
    x, y = bit % COLUMNS * width, bit // COLUMNS * height
    return slice(y, y + height), slice(x, x + width)


def write(clip: Clip, directory: Path) -> Path:
    """Make a clip in a directory and return its path."""
    path = directory / clip.name
    with av.open(str(path), "w", options=clip.muxer) as container:
        container.metadata.update(clip.metadata)
        _encode(clip, container)
    return path


def _encode(clip: Clip, container: OutputContainer) -> None:
    width, height = clip.size if clip.rotation % 180 == 0 else clip.size[::-1]
    stream = container.add_stream(clip.codec, rate=30, options=clip.options)
    stream.width, stream.height, stream.pix_fmt = width, height, clip.pix_fmt
    stream.codec_context.time_base = clip.time_base
    if clip.pix_fmt.startswith("yuvj"):
        stream.codec_context.color_range = 2
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    sound = container.add_stream(clip.sound, rate=SOUND_RATE) if clip.sound else None
    if sound is not None:
        sound.layout = "stereo"
    stream.codec_context.flags |= Flags.frame_duration
    ends = (*clip.stamps[1:], clip.stamps[-1] + round(FRAME_S / clip.time_base))
    for number, (stamp, end) in enumerate(zip(clip.stamps, ends, strict=True)):
        stored = np.rot90(paint(number, clip.size), -clip.rotation // 90)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(stored), "rgb24")
        frame.pts, frame.duration, frame.time_base = stamp, end - stamp, clip.time_base
        packets = stream.encode(frame)
        container.mux([_with_exif(p, clip.rotation) for p in packets] if clip.exif else packets)
    container.mux(stream.encode(None))
    if sound is not None:
        container.mux(sound.encode(_tone(clip)))
        container.mux(sound.encode(None))


def _with_exif(packet: Packet, rotation: int) -> Packet:
    """A copy of a JPEG's packet with Exif that holds nothing but the orientation."""
    jpeg = bytes(packet)
    orientation = EXIF_ORIENTATIONS[rotation]
    entry = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entry
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif
    copy = Packet(jpeg[:2] + segment + jpeg[2:])
    copy.stream, copy.time_base, copy.is_keyframe = packet.stream, packet.time_base, True
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    return copy


def _tone(clip: Clip) -> AudioFrame:
    length = clip.times_s[-1] - clip.times_s[0] + 0.1
    wave = 0.1 * np.sin(np.arange(round(length * SOUND_RATE)) * 0.06)
    frame = AudioFrame.from_ndarray(np.stack([wave, wave]).astype(np.float32), "fltp", "stereo")
    frame.sample_rate = SOUND_RATE
    frame.time_base = Fraction(1, SOUND_RATE)
    frame.pts = round(clip.sound_start_s * SOUND_RATE)
    return frame


def write_sound(path: Path, cover: bool = False) -> Path:
    """A file with sound only, if wanted with a cover picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=SOUND_RATE)
        if cover:
            picture = container.add_stream("png")
            picture.width, picture.height, picture.pix_fmt = 64, 64, "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
            still = VideoFrame.from_ndarray(paint(0, (64, 64)), "rgb24")
            container.mux(picture.encode(still))
            container.mux(picture.encode(None))
        container.mux(stream.encode(_tone(Clip("", stamps=(0, 7680)))))
        container.mux(stream.encode(None))
    return path


def cut(source: Path, part: float) -> Path:
    """A copy of a file that ends after this part of its bytes."""
    data = source.read_bytes()
    copy = source.with_name(f"cut-{source.name}")
    copy.write_bytes(data[: int(len(data) * part)])
    return copy


def end_early(source: Path, by_ms: int) -> Path:
    """A copy of an MP4 of one stream whose edit list ends this much before its last frame does."""
    data = bytearray(source.read_bytes())
    place = data.index(b"elst") + 12  # behind the name, flags and the number of edits
    (length_ms,) = struct.unpack_from(">I", data, place)
    struct.pack_into(">I", data, place, length_ms - by_ms)
    copy = source.with_name(f"early-{source.name}")
    copy.write_bytes(bytes(data))
    return copy


def start_late(source: Path, by: int) -> Path:
    """A copy of an MP4 of one stream whose edit list hides its first units of time."""
    data = bytearray(source.read_bytes())
    place = data.index(b"elst") + 16  # behind the name, flags, number of edits and their length
    (begin,) = struct.unpack_from(">I", data, place)
    struct.pack_into(">I", data, place, begin + by)
    copy = source.with_name(f"late-{source.name}")
    copy.write_bytes(bytes(data))
    return copy


def damage(source: Path, packets: Sequence[int], seed: int = 7) -> Path:
    """A copy of a file in which some packets of its video (in file order) are noise."""
    data = bytearray(source.read_bytes())
    noise = np.random.default_rng(seed)
    with av.open(str(source)) as container:
        places = [(p.pos, p.size) for p in container.demux(container.streams.video[0]) if p.size]
    for index in packets:
        position, size = places[index]
        assert position is not None
        data[position : position + size] = noise.integers(0, 256, size, np.uint8).tobytes()
    copy = source.with_name(f"damaged-{source.name}")
    copy.write_bytes(bytes(data))
    return copy


def ffprobe_times(path: Path) -> list[float]:
    """What ffprobe says when each frame is shown, in seconds; NaN where the file does not.

    Skips the test where ffprobe is missing, but in CI that is a failure.
    """
    if shutil.which("ffprobe") is None:
        message = "ffprobe is not installed, so there is nothing to compare time stamps with"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    command = "ffprobe -v quiet -select_streams V:0 -of json -show_entries".split()
    entries = "frame=pts_time"
    text = subprocess.run(
        [*command, entries, str(path)], check=True, capture_output=True, text=True
    ).stdout
    frames = json.loads(text)["frames"]
    return [float(f.get("pts_time", "nan")) for f in frames]
