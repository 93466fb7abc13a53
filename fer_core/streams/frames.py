"""Pictures out of a connection, on one time line that goes on when a camera comes back."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.video.frame import VideoFrame

from fer_core.config import SampleConfig
from fer_core.sources.base import SourceStats
from fer_core.sources.decoder import Decoder
from fer_core.sources.picture import Orientation, PictureMaker
from fer_core.sources.sampling import SampleGrid
from fer_core.streams.connection import Arrival, Connection, StreamClock
from fer_core.streams.lateness import CatchUp
from fer_core.types import Frame

_STEP_S = 0.001


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A sampled frame of a stream.

    Args:
        frame: `time_s` counts from the time line's beginning, `pts` is Unix time in µs by this
            machine's clock as it was then, `frame_index` counts all frames that were received.
        media_s: its time within the connection.
        arrived_s: `time.monotonic` when it came.
        clock: of its connection; one object a connection.
    """

    frame: Frame
    media_s: float
    arrived_s: float
    clock: StreamClock


class Timeline:
    """Time and frame numbers that rise across all connections to one camera.

    Args:
        began_s, began_at: its beginning as `time.monotonic` and as Unix time.
    """

    def __init__(self, began_s: float, began_at: float) -> None:
        self._began_s = began_s
        self._began_at = began_at
        self._offset_s = 0.0
        self._last_s = -_STEP_S
        self._frames = 0

    def connect(self, media_s: float, arrived_s: float) -> None:
        """A new connection begins with a frame of this time, which came at this moment."""
        time_s = max(arrived_s - self._began_s, self._last_s + _STEP_S)
        self._offset_s = time_s - media_s

    def place(self, media_s: float) -> tuple[int, int, float]:
        """The next frame's number, pts and time in seconds."""
        index, self._frames = self._frames, self._frames + 1
        self._last_s = max(self._last_s + 1e-6, media_s + self._offset_s)
        return index, round((self._began_at + self._last_s) * 1e6), self._last_s


class LiveSource:
    """The sampled frames of one connection.

    `stats` counts, `size` is that of the upright picture, `newest_at` the Unix time at which
    the newest picture came.

    What the decoder marks as damaged is counted and left out: a picture in which missing
    parts are made up is one that no camera saw. Where the decoder falls behind the camera,
    packets are left out up to a key frame (see `CatchUp`).

    Args:
        connection: the connection; the caller closes it.
        timeline: that of the camera.
        sample: which frames are handed out.
        long_side: longest side of the small colour pictures, in pixels.
        stall_s: seconds without a picture after which the stream counts as stalled.
    """

    def __init__(
        self,
        connection: Connection,
        timeline: Timeline,
        sample: SampleConfig,
        long_side: int,
        stall_s: float,
    ) -> None:
        self.stats = SourceStats()
        self.size: tuple[int, int] | None = None
        self.newest_at = 0.0
        self._connection = connection
        self._timeline = timeline
        self._sample = sample
        self._long_side = long_side
        self._stall_s = stall_s
        skip = "NONKEY" if sample.fps == "keyframes" else "DEFAULT"
        self._decoder = Decoder(connection.container, connection.video, self.stats, skip)
        # As many frames are held back as there are threads, less one; and threads by slice would
        # show pictures of which a part is missing, without marking them.
        connection.video.codec_context.thread_type = "FRAME"
        connection.video.codec_context.thread_count = 2
        self._catch_up = CatchUp()
        self._left_out = 0
        self._grid: SampleGrid | None = None
        self._maker: PictureMaker | None = None

    def frames(self) -> Iterator[LiveFrame]:
        """Frames as they come.

        Raises:
            StreamError: the stream ends or stalls: so it always ends.
        """
        newest = time.monotonic()
        for arrival in self._connection.arrivals():
            if arrival.packet.stream_index != self._connection.video.index:
                continue
            only_keys = self._sample.fps == "keyframes"
            if only_keys and not arrival.packet.is_keyframe:
                newest = arrival.monotonic_s
                continue
            if self._leaves_out(arrival.packet, arrival.monotonic_s):
                newest = arrival.monotonic_s
                continue
            for picture in self._pictures(arrival.packet):
                newest = arrival.monotonic_s
                yield from self._live(picture, arrival)
            if arrival.monotonic_s - newest > self._stall_s:
                raise self._connection.stalled("no picture could be decoded")

    def take_left_out(self) -> int:
        """Frames that were to be sampled and were not decoded, since the last call."""
        count, self._left_out = self._left_out, 0
        return count

    def _leaves_out(self, packet: Packet, arrived_s: float) -> bool:
        """Whether a packet is not decoded; if so, its frame counts as received and dropped."""
        if packet.pts is None or self._grid is None:
            return False
        media_s = float(packet.pts * self._decoder.time_base)
        if not self._catch_up.leaves_out(media_s, arrived_s, packet.is_keyframe):
            return False
        self._timeline.place(media_s)
        if self._grid.takes(packet.pts):
            self.stats.frames_sampled += 1
            self._left_out += 1
        return True

    def _pictures(self, packet: Packet) -> Iterator[VideoFrame]:
        """Those that a packet brings; a key frame on its own need not wait for the next one."""
        yield from self._decoder.decode(packet)
        if self._sample.fps == "keyframes":
            yield from self._decoder.decode(None)
            self._connection.video.codec_context.flush_buffers()

    def _live(self, picture: VideoFrame, arrival: Arrival) -> Iterator[LiveFrame]:
        assert picture.pts is not None, "the decoder stamps every frame"
        media_s = float(picture.pts * self._decoder.time_base)
        if self._grid is None or self._maker is None:
            self._timeline.connect(media_s, arrival.monotonic_s)
            fps = 1e6 if isinstance(self._sample.fps, str) else self._sample.fps
            self._grid = SampleGrid(picture.pts, self._decoder.time_base, fps)
            self._maker = PictureMaker(Orientation.of(picture), self._long_side)
        self._connection.clock.hear(media_s, arrival.monotonic_s, arrival.unix_s)
        self.newest_at = arrival.unix_s
        self.size = self._maker.orientation.size(picture.width, picture.height)
        index, pts, time_s = self._timeline.place(media_s)
        if picture.is_corrupt or not self._grid.takes(picture.pts):
            return
        self.stats.frames_sampled += 1
        luma, limited = self._maker.luma(picture)
        frame = Frame(index, pts, time_s, luma, self._maker.bgr(picture), limited)
        yield LiveFrame(frame, media_s, arrival.monotonic_s, self._connection.clock)
