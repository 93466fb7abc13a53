"""Segments of an archive: a camera's packets as they came, in files that appear when whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from fer_core.atomic import publish

DAY = re.compile(r"\d{4}-\d\d-\d\d")
NAME = re.compile(r"\d\d-\d\d-\d\dZ(-\d+)?\.(mp4|mkv)")
UNFINISHED = re.compile(r"\.(\d\d-\d\d-\d\dZ)\.open\.(mp4|mkv)")

_IN_MP4 = {"h264", "hevc", "av1", "mpeg4", "vp9", "aac", "mp3", "opus", "ac3"}
_G711 = {"pcm_alaw", "pcm_mulaw"}
_FRAGMENTS = {"movflags": "hybrid_fragmented+frag_keyframe", "flush_packets": "1"}
"""While it grows the file is made of fragments, so that a kill costs the last one at most; at
its end FFmpeg turns it into a plain MP4."""


@dataclass(frozen=True, slots=True)
class Written:
    """A segment that is there: its file, bytes, and seconds of video."""

    path: Path
    size: int
    seconds: float


class Segment:
    """A segment that grows.

    Args:
        directory: of the camera, below the archive.
        began_at: wall clock (UTC) of its first frame, as far as is known now.
        streams: of the connection that are copied, the video first; sound that fits in no file is
            left out (see `copies`).
        start_s: time of its first frame within the connection.

    Raises:
        FFmpegError, OSError: it cannot be begun.
    """

    def __init__(
        self, directory: Path, began_at: datetime, streams: Sequence[Stream], start_s: float
    ) -> None:
        suffix, container = container_for(streams)
        self._directory = directory
        self._path = _day(directory, began_at) / f".{began_at:%H-%M-%SZ}.open{suffix}"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        options = _FRAGMENTS if suffix == ".mp4" else {}
        self._container = av.open(str(self._path), "w", container, container_options=options)
        self._container.metadata["creation_time"] = began_at.isoformat()
        self._copies = copies(self._container, streams)
        self.has_all = len(self._copies) == len(streams)
        self._dts: dict[int, int] = {}
        self.start_s = start_s
        self._end_s = start_s

    def add(self, packet: Packet, time_s: float) -> bool:
        """Copies a packet; False if its time stamps or data are not fit for a file.

        Args:
            packet: of one of the streams. It is changed, so nobody may use it afterwards.
            time_s: its time within the connection.

        Raises:
            OSError: the disk is full, or fails.
        """
        assert packet.pts is not None, "the caller has seen to it"
        assert packet.time_base is not None, "FFmpeg always knows it"
        if packet.stream_index not in self._copies:
            return True
        index, shift = packet.stream_index, round(self.start_s / packet.time_base)
        last = self._dts.get(index)
        dts = packet.pts - shift if packet.dts is None else packet.dts - shift
        if packet.dts is None and last is not None:
            dts = last + 1  # FFmpeg knows no better before its first frames are sorted
        if last is not None and dts <= last:
            return False
        packet.pts, packet.dts = packet.pts - shift, dts
        packet.stream = self._copies[index]
        try:
            self._container.mux(packet)
        except OSError:
            raise
        except (FFmpegError, ValueError):
            return False
        self._dts[index] = dts
        self._end_s = max(self._end_s, time_s)
        return True

    def finish(self, began_at: datetime) -> Written:
        """Gives the whole file its name.

        Args:
            began_at: wall clock of its first frame, as far as is known by now.

        Raises:
            FFmpegError, OSError: it cannot be finished; `salvage` may save it later.
        """
        self._container.close()
        path = free_path(self._directory, began_at, self._path.suffix)
        if path.parent != self._path.parent:
            path.parent.mkdir(parents=True, exist_ok=True)
        publish(self._path, path)
        return Written(path, path.stat().st_size, self._end_s - self.start_s)

    def abandon(self) -> None:
        """Lets go of a file that cannot be finished; it stays, hidden, to be salvaged."""
        try:
            self._container.close()
        except (FFmpegError, OSError):
            return  # why is known already: it led here


def container_for(streams: Sequence[Stream]) -> tuple[str, str]:
    """The suffix and the container, by FFmpeg's name, of a file that these are copied into.

    The sound of most cameras is G.711, which of these only QuickTime's container takes: the one
    that MP4 was made of, and that is read as it is.
    """
    codecs = {stream.codec_context.codec.canonical_name for stream in streams}
    if codecs <= _IN_MP4 | _G711:
        return ".mp4", "mov" if codecs & _G711 else "mp4"
    return ".mkv", "matroska"


def copies(container: OutputContainer, streams: Sequence[Stream]) -> dict[int, Stream]:
    """Streams of a file for those of a source, by their index there.

    Sound that the container cannot hold, such as G.726, is left out.

    Raises:
        ValueError: it cannot hold the video.
    """
    made: dict[int, Stream] = {}
    for stream in streams:
        try:
            made[stream.index] = container.add_stream_from_template(stream)
        except ValueError:
            if stream.type == "video":
                raise
    return made


def free_path(directory: Path, began_at: datetime, suffix: str) -> Path:
    """The name of a segment; two that begin within one second are numbered."""
    day, name = _day(directory, began_at), f"{began_at:%H-%M-%SZ}"
    path, copies = day / f"{name}{suffix}", 1
    while path.exists():
        path, copies = day / f"{name}-{copies}{suffix}", copies + 1
    return path


def _day(directory: Path, moment: datetime) -> Path:
    return directory / f"{moment:%Y-%m-%d}"
