"""A part of a long video's media time, read by a seek: the same frames as in one go.

A chunk is decoded from the newest key frame that is not after its start. Borders lie on points of
the sampling grid, so no chunk needs to know what was taken before it, and each frame belongs to
the one chunk that holds its pts. A rank within a chunk becomes the true one once the packets of the
chunks before it are counted. Where a file gives no hold for all this (clocks that jump back,
pictures that lean on more than their last key frame), that is said, and it is read in one go.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame

from fer_core.config import HardwareDecoder, SampleConfig
from fer_core.errors import Uncuttable
from fer_core.sources.base import SourceStats
from fer_core.sources.container import (
    duration_s,
    fetch_key_frames_only,
    open_container,
    reason,
    video_stream,
)
from fer_core.sources.decoder import Decoder
from fer_core.sources.hardware import open_to_decode
from fer_core.sources.packets import Damage, PacketReader
from fer_core.sources.sampling import PacketOrder
from fer_core.sources.video import VideoSource, skip_frame
from fer_core.types import Chunk, Frame

_LEADS_S = (0, 5, 30)
"""How long before its start a chunk is decoded from a key frame: from the newest one at first, from
earlier ones only where something behind that is damaged."""


_BEGINNING = -sys.maxsize
"""Before any pts."""


def cut(source: VideoSource, chunk_s: float) -> list[Chunk]:
    """The chunks of an opened video; none if it is not longer than one, or cannot be cut.

    Args:
        source: the video.
        chunk_s: seconds of media a chunk; the last one may be shorter.
    """
    length_s = source.info.duration_s
    if length_s is None or not source.has_own_times:
        return []
    step = Fraction(chunk_s).limit_denominator(1000)
    begin = source.border(Fraction(0))
    borders = sorted({source.border(step * n) for n in range(1, int(length_s / step) + 1)})
    times = [float((border - begin) * source.time_base) for border in borders]
    edges = [(None, 0.0), *zip(borders, times, strict=True), (None, length_s)]
    edges = [edge for edge in edges if edge[0] is None or edge[1] < length_s]
    if len(edges) == 2:
        return []
    return [
        Chunk(index, len(edges) - 1, start, end, start_s, end_s)
        for index, ((start, start_s), (end, end_s)) in enumerate(pairwise(edges))
    ]


def chunks_of(path: Path, sample: SampleConfig, chunk_s: float) -> list[Chunk]:
    """The chunks of a video; none if it is done in one go.

    Raises:
        VideoError: as `VideoSource`.
    """
    with open_container(path) as container:  # most are short, and this is known at once
        length_s = duration_s(container, video_stream(container, path))
    if length_s is None or length_s <= chunk_s:
        return []
    with VideoSource(path, sample) as source:
        return cut(source, chunk_s)


@dataclass(slots=True)
class Reach:
    """What a chunk has read of its file; complete once its frames are read.

    Args:
        packets: frames that the file holds in the chunk's time, decoded or not.
        first_byte, last_byte: where the first and the last packet lie that were read.
        leaves_out: whether frames may have been left out of decoding.
        is_damaged: whether anything that was decoded is marred, before the chunk or in it.
    """

    packets: int = 0
    first_byte: int = sys.maxsize
    last_byte: int = -1
    leaves_out: bool = False
    is_damaged: bool = False


class ChunkSource(VideoSource):
    """The frames of one chunk, as `VideoSource` hands them out, but for their ranks.

    `frame_index` counts from the chunk's first frame, and `stats` are of the chunk alone.

    Args:
        path: the file.
        chunk: which part of it.
        sample, long_side, captured_at, hwaccel: as for `VideoSource`.

    Raises:
        VideoError: as `VideoSource`.
    """

    def __init__(
        self,
        path: Path,
        chunk: Chunk,
        sample: SampleConfig,
        long_side: int = 640,
        captured_at: datetime | None = None,
        hwaccel: HardwareDecoder = "none",
    ) -> None:
        self._chunk = chunk
        self.reach = Reach()
        super().__init__(path, sample, long_side, captured_at, hwaccel)

    def frames(self) -> Iterator[Frame]:
        """The sampled frames of the chunk in order of pts; one pass, so call it once.

        Raises:
            Uncuttable: what comes might differ from what reading in one go gives.
        """
        for lead_s in _LEADS_S:
            try:
                self._enter(lead_s)
                yield from super().frames()
            except _Unclean:  # known before the first frame
                continue
            return
        raise Uncuttable(f"{self._path}: no clean key frame before {self._chunk.start_s:.1f} s")

    def _enter(self, lead_s: int) -> None:
        """Opens the file anew and goes to where the chunk is to be decoded from."""
        self.close()
        self._stats, self.reach = SourceStats(), Reach()
        self._order, self._read_until = PacketOrder(), None
        self._forecast = None
        self._container = container = open_to_decode(self._path, self._hwaccel)
        stream = video_stream(container, self._path)
        if self._sample.fps == "keyframes":
            fetch_key_frames_only(container, stream)
        self._damage = _ChunkDamage(self._stats, self.time_base, self._chunk)
        decoder = Decoder(container, stream, self._stats, skip_frame(self._sample), self._damage)
        self.reach.leaves_out = decoder.may_skip and not self._chunk.everything
        if self._chunk.start is not None:
            try:
                container.seek(self._chunk.start - round(lead_s / self.time_base), stream=stream)
            except FFmpegError as error:
                raise Uncuttable(
                    f"{self._path}: it cannot be sought in: {reason(error)}"
                ) from error
        packets = self._followed(PacketReader(container, self._path, self._damage).packets(stream))
        if self._chunk.start is not None:
            packets = self._from_key(packets, decoder, self._chunk.start, lead_s > 0)
        self._pictures = self._own(self._decoded(packets, decoder))

    def _followed(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """The same packets, while noting how far the file is read."""
        for packet in packets:
            if packet.pos is None:
                raise Uncuttable(f"{self._path}: its packets have no place in the file")
            self.reach.first_byte = min(self.reach.first_byte, packet.pos)
            self.reach.last_byte = max(self.reach.last_byte, packet.pos)
            if packet.dts is not None:
                if packet.dts < self._damage.place:
                    raise Uncuttable(f"{self._path}: its clock goes back")
                self._damage.place = packet.dts
            yield packet

    def _from_key(
        self, packets: Iterator[Packet], decoder: Decoder, start: int, whole_lead: bool
    ) -> Iterator[Packet]:
        """The packets from a key frame at or before the start; the newest, or all of the lead.

        Raises:
            _Unclean: none of them is a key frame.
        """
        groups: list[list[Packet]] = []
        rest: list[Packet] = []
        for packet in packets:
            stamp = decoder.stamp(packet)
            if stamp > start or (stamp == start and not packet.is_keyframe):
                rest.append(packet)
                break
            if packet.is_keyframe:
                groups = [*groups, []] if whole_lead else [[]]
            if groups:
                groups[-1].append(packet)
        if not groups:
            raise _Unclean
        keys = [decoder.stamp(group[0]) for group in groups]
        if keys[0] > self._start:  # else this is reading in one go
            self._damage.key, self._damage.sure = keys[0], (*keys, start)[1]
            self._forecast = self._new_forecast()
        yield from chain(*groups, rest, packets)

    def _decoded(self, packets: Iterable[Packet], decoder: Decoder) -> Iterator[VideoFrame]:
        """All that comes out of the decoder, while noting the chunk's packets for the ranks."""
        for packet in packets:
            stamp = decoder.stamp(packet)
            if not packet.is_discard and self._chunk.holds(stamp):
                self._order.add(stamp)
                self.reach.packets += 1
            if packet.dts is not None:
                self._read_until = packet.dts
            if packet.is_keyframe or self._sample.fps != "keyframes":
                yield from decoder.decode(packet, self._may_sample(packet))
        yield from decoder.decode(None)
        if self._chunk.end is None:
            decoder.check_end()

    def _own(self, pictures: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """The chunk's pictures; reads on until one behind its end is out.

        Raises:
            _Unclean: its first frames might lean on some that were not decoded.
        """
        end, own = self._chunk.end, 0
        for picture in pictures:
            assert picture.pts is not None, "the decoder stamps every frame"
            self._damage.shown(picture.pts)
            # As in one go, where the first picture makes a forecast possible.
            self._forecast = self._forecast or self._new_forecast()
            if self._chunk.is_before(picture.pts):
                continue
            if self._damage.is_unclean:
                raise _Unclean
            if self._chunk.holds(picture.pts):
                own += 1
                yield picture
            elif end is not None and self._read_until is not None and self._read_until >= end:
                break
        self._stats.frames_decoded = own
        self.reach.is_damaged = self._damage.is_noticed

    def _may_sample(self, packet: Packet) -> bool:
        return self._chunk.everything or super()._may_sample(packet)


class _Unclean(Exception):
    """Decoding has to begin at an earlier key frame."""


class _ChunkDamage(Damage):
    """Notes the damage in a chunk; of that before it, whether it may reach into the chunk.

    Args:
        stats, time_base: as for `Damage`.
        chunk: whose damage counts.

    Attributes:
        place: dts of the newest packet, for damage that has no time of its own.
        key: pts of the first key frame, where it is not the video's first.
        sure: from this pts on, damage is decoded with all that it was decoded with in one go.
    """

    def __init__(self, stats: SourceStats, time_base: Fraction, chunk: Chunk) -> None:
        super().__init__(stats, time_base)
        self._chunk = chunk
        self._began = False
        self.place = self.key = self.sure = _BEGINNING
        self.is_unclean = False

    def count(self, what: str, pts: int | None = None) -> None:
        at = self.place if pts is None else pts
        if self._chunk.holds(at):
            super().count(what, pts)
        elif self.key <= at:  # before the key frame, pictures lack what they lean on
            self.is_noticed = True
            self.is_unclean = self.is_unclean or at < self.sure

    def shown(self, pts: int) -> None:
        """A picture came out; the first one from the key frame on must be the key frame."""
        if not self._began and pts >= self.key:
            self._began = True
            self.is_unclean = self.is_unclean or self.key not in (pts, _BEGINNING)
