"""The sound of a video on its way into an annotated MP4: copied, or turned into AAC."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard

from fer_core.sources.base import SourceStats
from fer_core.sources.packets import Damage, PacketReader

_PLAYABLE = ("aac", "mp3", "opus", "flac")
"""Codecs that MP4 can carry and browsers play from it."""

_MIN_MP3_RATE = 16_000
"""MP4 carries MP3 only from this sample rate on."""

_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000)
_BIT_RATE_PER_CHANNEL = 96_000


def is_copied(source: AudioStream) -> bool:
    """Whether the packets of a stream can go into an MP4 as they are."""
    codec = source.codec_context.codec.canonical_name
    return codec in _PLAYABLE and (codec != "mp3" or source.rate >= _MIN_MP3_RATE)


def sound_streams(container: InputContainer) -> list[AudioStream]:
    """The audio streams that FFmpeg has a decoder for."""
    return [stream for stream in container.streams.audio if cast(object, stream.codec_context)]


class Sound:
    """All the sound of a video, in step with pictures that come from elsewhere.

    Args:
        container: the source, opened for this alone; pictures in it are passed over.
        path: its path.
        out: the container to put the sound into, not yet begun.
        start: the source's time in seconds that becomes 0.
    """

    def __init__(
        self, container: InputContainer, path: Path, out: OutputContainer, start: Fraction
    ) -> None:
        sources = sound_streams(container)
        self._tracks = {s.index: SoundTrack(s, out, start) for s in sources}
        for stream in container.streams:
            if stream.index not in self._tracks:
                stream.discard = Discard.all
        reader = PacketReader(container, path, Damage(SourceStats(), Fraction(1)))
        self._packets = reader.packets(*sources) if sources else iter(())
        self._next = next(self._packets, None)

    def until(self, time_s: Fraction | None) -> Iterator[Packet]:
        """What goes into the output up to a time of the source; None for all that is left."""
        while self._next is not None and (time_s is None or _time_s(self._next) <= time_s):
            yield from self._tracks[self._next.stream_index].packets(self._next)
            self._next = next(self._packets, None)
        if time_s is None:
            for track in self._tracks.values():
                yield from track.packets(None)


def _time_s(packet: Packet) -> Fraction:
    """When a packet begins; at once where it does not say."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return Fraction(0) if stamp is None else stamp * packet.time_base


class SoundTrack:
    """One audio stream of the source and its place in the output.

    Sound with more than two channels that has to be turned into AAC is mixed down to two.

    Args:
        source: the stream to take.
        out: the container to put it into, not yet begun.
        start: the source's time in seconds that becomes 0.
    """

    def __init__(self, source: AudioStream, out: OutputContainer, start: Fraction) -> None:
        self.source = source
        self._start = start
        self._copied = is_copied(source)
        self._last_dts: int | None = None
        self._next_pts: int | None = None
        if self._copied:
            self._target = out.add_stream_from_template(source)
        else:
            self._target = out.add_stream("aac", rate=_aac_rate(source.rate))
            self._target.layout = "mono" if source.channels == 1 else "stereo"
            self._target.bit_rate = _BIT_RATE_PER_CHANNEL * min(2, source.channels)

    def packets(self, packet: Packet | None) -> Iterator[Packet]:
        """What goes into the output for a packet of the source; None at the end.

        Sound that cannot be decoded is left out.
        """
        if self._copied:
            if packet is not None:
                yield from self._copy(packet)
            return
        try:
            frames = self.source.codec_context.decode(packet)
        except FFmpegError:
            frames = []
        for frame in frames:
            base = frame.time_base or Fraction(1, frame.sample_rate)
            pts = frame.pts if frame.pts is not None else self._next_pts
            if pts is None:
                continue
            self._next_pts = pts + round(Fraction(frame.samples, frame.sample_rate) / base)
            frame.pts = pts - round(self._start / base)
            yield from self._target.encode(frame)
        if packet is None:
            yield from self._target.encode(None)

    def _copy(self, packet: Packet) -> Iterator[Packet]:
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None or (self._last_dts is not None and dts <= self._last_dts):
            return  # MP4 has no place for a packet whose time does not rise
        self._last_dts = dts
        shift = round(self._start / packet.time_base)
        packet.pts = (packet.pts if packet.pts is not None else dts) - shift
        packet.dts = dts - shift
        packet.stream = self._target
        yield packet


def _aac_rate(rate: int) -> int:
    return rate if rate in _AAC_RATES else 48_000
