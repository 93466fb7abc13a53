"""Packets out of a container, past what cannot be read, and whether the file is whole."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from fer_core.sources.base import SourceStats
from fer_core.sources.container import open_container, reason, video_stream
from fer_core.sources.truncation import missing_bytes

_MAX_READ_ERRORS = 16
"""Failed reads in a row after which the rest of a file is given up."""

_MAX_GAP_S = 0.5
"""A Matroska file may end this much before its header says and still count as whole."""

_ROUNDING = 2
"""Units of the time base by which steps of one length may differ after rounding."""


class Damage:
    """Notes in a source's statistics what went wrong, and where.

    Attributes:
        is_noticed: whether anything that was read or decoded is marred.
    """

    def __init__(self, stats: SourceStats, time_base: Fraction) -> None:
        self._stats = stats
        self._time_base = time_base
        self.is_noticed = False

    def count(self, what: str, pts: int | None = None) -> None:
        """A packet or picture that is lost or marred; the first one is kept in words."""
        self.is_noticed = True
        self._stats.frames_corrupt += 1
        if self._stats.damage is None:
            at = "" if pts is None else f" at {float(pts * self._time_base):.3f} s"
            self._stats.first_damage = what + at

    def lose_end(self, frames: int) -> None:
        """That many frames at the end never came out of the decoder."""
        self._stats.frames_corrupt += frames
        if self._stats.damage is None:
            self._stats.first_damage = f"undecodable frames at the end: {frames}"

    def ends_early(self, what: str) -> None:
        """The file is not whole."""
        self._stats.ends_early = what


class PacketReader:
    """Reads a container once, from its start to its end or to where it was cut off.

    Packets of all streams are read, since only together they tell whether the file ends
    before its header says: a video stream alone may rightly be shorter than its sound.

    Args:
        container: the opened file.
        path: its path, for a look at its outer structure.
        damage: gets what went wrong.
    """

    def __init__(self, container: InputContainer, path: Path, damage: Damage) -> None:
        self._container = container
        self._path = path
        self._damage = damage
        self._reached_s = 0.0

    def packets(self, *wanted: Stream) -> Iterator[Packet]:
        """The packets of the wanted streams as they lie in the file.

        FFmpeg's empty flush packets are left out. A read error is counted, and reading goes
        on behind it.
        """
        indices = {stream.index for stream in wanted}
        failures = 0
        while failures < _MAX_READ_ERRORS:
            try:
                for packet in self._container.demux():
                    if packet.size:
                        failures = 0
                        self._reached_s = max(self._reached_s, _end_s(packet))
                        if packet.stream_index in indices:
                            yield packet
                break
            except FFmpegError as error:
                failures += 1
                self._damage.count(f"unreadable data ({reason(error)})")
        self._check_end()

    def _check_end(self) -> None:
        length = self._container.duration
        of = f" of {length / av.time_base:.1f} s" if length else ""
        missing = missing_bytes(self._path)
        if missing:
            self._damage.ends_early(
                f"truncated: ends at {self._reached_s:.1f} s{of}, at least {missing:,} bytes "
                "are missing behind it"
            )
        elif length and "matroska" in self._container.format.name:
            gap_s = length / av.time_base - self._reached_s  # Matroska counts from 0
            if gap_s > _MAX_GAP_S:
                self._damage.ends_early(
                    f"ends at {self._reached_s:.1f} s{of}: what follows cannot be read"
                )


def has_constant_rate(path: Path) -> bool:
    """Whether the frames of a video follow each other evenly, up to rounding.

    MP4, MOV and AVI count their frames, so their header tells. Others are read through, which
    takes a small part of the time of decoding them.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        if stream.average_rate != stream.base_rate:
            return False
        if stream.frames:
            return True
        damage = Damage(SourceStats(), Fraction(1))
        packets = PacketReader(container, path, damage).packets(stream)
        stamps = sorted(packet.pts for packet in packets if packet.pts is not None)
    steps = [after - before for before, after in pairwise(stamps)]
    return not steps or max(steps) - min(steps) <= _ROUNDING


def _end_s(packet: Packet) -> float:
    """Seconds at which what the packet shows or sounds is over."""
    start = packet.pts if packet.pts is not None else packet.dts
    if start is None:
        return 0.0
    return float((start + (packet.duration or 0)) * packet.time_base)
