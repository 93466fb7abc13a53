"""Cameras into an archive: their packets as they come, in segments that begin on key frames."""

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av.error import FFmpegError
from av.packet import Packet

from fer_core.errors import StreamError
from fer_core.streams.camera import Camera
from fer_core.streams.claim import claimed
from fer_core.streams.connection import Arrival, Connection
from fer_core.streams.log import ConnectionRow, StreamLog
from fer_core.streams.parts import StreamRun, utc
from fer_core.streams.reconnect import keep_connected, log, own_thread, run_cameras
from fer_core.streams.retention import KeepConfig, prune
from fer_core.streams.salvage import salvage
from fer_core.streams.segment import Segment

SEGMENT_S = 60.0


@dataclass(frozen=True, slots=True)
class CaptureSummary:
    """What was recorded of one camera.

    Args:
        camera: its name.
        segments, size, seconds: files, their bytes, and seconds of video in them.
        salvaged: segments that an earlier kill had left unfinished.
        connections: how often it was connected.
        error: why it ended before it was asked to, or never gave a picture; else None.
    """

    camera: str
    segments: int
    size: int
    seconds: float
    salvaged: int
    connections: int
    error: str | None


def capture(
    cameras: Sequence[Camera],
    archive: str | Path,
    *,
    segment_s: float = SEGMENT_S,
    keep: KeepConfig | None = None,
    duration_s: float | None = None,
    stop: threading.Event | None = None,
) -> list[CaptureSummary]:
    """Records cameras until `stop` is set or the time is over; nothing is decoded.

    Args:
        cameras: from `find_cameras`.
        archive: gets `<camera>/YYYY-MM-DD/HH-MM-SSZ.mp4` (or .mkv) and `streams/`.
        segment_s: a segment ends at the first key frame after this many seconds.
        keep: what is kept; everything if None.
        duration_s: how long; None is until `stop`.
        stop: set it, and the capture ends.

    Raises:
        InUse: another process records one of the cameras into this archive.

    Example:
        >>> capture(find_cameras(["door"]), "archive", duration_s=3600)  # doctest: +SKIP
    """
    retention = _Retention(Path(archive), keep or KeepConfig())
    places = {camera.name: Path(archive) / camera.name / ".lock" for camera in cameras}
    with claimed(places):
        work = [CameraCapture(camera, Path(archive), segment_s, retention) for camera in cameras]
        return run_cameras(work, duration_s, stop or threading.Event())


class _Retention:
    """One at a time looks after the archive's limits, for all cameras."""

    def __init__(self, archive: Path, keep: KeepConfig) -> None:
        self._archive = archive
        self._keep = keep
        self._lock = threading.Lock()

    def prune(self) -> None:
        """Removes what is beyond the limits."""
        with self._lock:
            prune(self._archive, self._keep)

    def make_room(self) -> None:
        """The same, and looks whether there is room then.

        Raises:
            StreamError: the disk is too full to record.
        """
        self.prune()
        free = shutil.disk_usage(self._archive).free / 1e9
        if free < self._keep.free_gb:
            raise StreamError(
                "disk full",
                f"{self._archive}: {free:.2f} GB of the disk are free, {self._keep.free_gb:g} are "
                "needed to record; make room, or set --keep-gb",
            )


class CameraCapture:
    """One camera: its thread, and the segment that grows."""

    def __init__(
        self, camera: Camera, archive: Path, segment_s: float, retention: _Retention
    ) -> None:
        self._camera = camera
        self._directory = archive / camera.name
        self._segment_s = segment_s
        self._retention = retention
        self._stopped = threading.Event()
        self._segment: Segment | None = None
        self._use = threading.Lock()
        self._error: str | None = None
        self._segments, self._size, self._seconds = 0, 0, 0.0
        self._salvaged, self._connections = 0, 0
        self._is_mute = False
        run = StreamRun(camera.name, time.time())
        self._log = StreamLog(archive / "streams", run.video_id, camera.name)
        self._connection: Connection | None = None
        self._thread = own_thread(camera, "capture", self._connect, self._fail)

    def start(self) -> None:
        """Begins to connect."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it has not given up."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Asks the thread to end."""
        self._stopped.set()

    def finish(self, until_s: float) -> CaptureSummary:
        """Waits for the thread, and finishes a segment that it left because nothing comes.

        Args:
            until_s: `time.monotonic` until which a read may end.
        """
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))
        with self._use:
            self._finish_last()
        self._log.end("stopped")
        error = self._error or (None if self._segments else f"no segment ({self._log.row.ended})")
        return CaptureSummary(
            self._camera.name,
            self._segments,
            self._size,
            round(self._seconds, 3),
            self._salvaged,
            self._connections,
            error,
        )

    def _fail(self, error: str) -> None:
        self._error = error

    def _connect(self) -> None:
        keep_connected(self._camera, self._log, self._stopped, self._record, self._tidy, sound=True)

    def _tidy(self, state: str, note: str) -> None:
        """Before each attempt, as the camera may not answer: what is left over is looked after."""
        if state != "connecting":
            return
        try:
            self._salvaged += len(salvage(self._directory))
            self._retention.prune()
        except (FFmpegError, OSError) as error:
            log.error("%s: cannot tidy up: %s", self._camera.name, _words(error))

    def _record(self, connection: Connection, row: ConnectionRow) -> None:
        """Copies one connection into segments."""
        self._connection = connection
        self._connections += 1
        try:
            for arrival in connection.arrivals():
                with self._use:
                    if self._stopped.is_set():
                        break
                    self._take(connection, arrival, row)
        except (FFmpegError, OSError) as error:
            self._give_up(error)
        finally:
            with self._use:
                self._finish_last()

    def _take(self, connection: Connection, arrival: Arrival, row: ConnectionRow) -> None:
        packet = arrival.packet
        if packet.pts is None:
            packet.pts = 0 if packet.dts is None else packet.dts  # that of a stream's first packet
        assert packet.time_base is not None
        media_s = float(packet.pts * packet.time_base)
        is_video = packet.stream_index == connection.video.index
        if is_video:
            connection.clock.hear(media_s, arrival.monotonic_s, arrival.unix_s)
            self._count(connection, packet, row)
            if packet.is_keyframe and self._is_due(media_s):
                self._finish_segment()
                self._begin_segment(connection, media_s)
                self._log.save()
        if self._segment and not self._segment.add(packet, media_s) and is_video:
            row.frames_corrupt += 1

    def _is_due(self, media_s: float) -> bool:
        segment = self._segment
        return segment is None or media_s - segment.start_s >= self._segment_s

    def _begin_segment(self, connection: Connection, media_s: float) -> None:
        self._retention.make_room()
        began_at = utc(connection.clock.unix_time(media_s))
        sound = [one for one in connection.container.streams.audio[:1] if one.codec_context]
        self._segment = Segment(self._directory, began_at, [connection.video, *sound], media_s)
        if not self._segment.has_all and not self._is_mute:
            self._is_mute = True
            codec = sound[0].codec_context.name
            log.warning("%s: no file can hold its sound (%s): left out", self._camera.name, codec)

    def _finish_last(self) -> None:
        """The same where nobody could go on after an error: it is said, and salvage will help."""
        try:
            self._finish_segment()
        except (FFmpegError, OSError) as error:
            log.error("%s: a segment could not be finished: %s", self._camera.name, _words(error))

    def _finish_segment(self) -> None:
        """Ends the growing segment, if there is one; the lock is held.

        Raises:
            FFmpegError, OSError: the disk did not take it; FFmpeg may notice no earlier.
        """
        segment, self._segment = self._segment, None
        if segment is None or self._connection is None:
            return
        written = segment.finish(utc(self._connection.clock.unix_time(segment.start_s)))
        self._segments += 1
        self._size += written.size
        self._seconds += written.seconds

    def _give_up(self, error: Exception) -> None:
        """The disk, not the camera: what is written stays, and it is tried again."""
        with self._use:
            segment, self._segment = self._segment, None
            if segment:
                segment.abandon()
        raise StreamError("disk", f"{self._camera.name}: cannot write: {_words(error)}") from error

    def _count(self, connection: Connection, packet: Packet, row: ConnectionRow) -> None:
        if row.first_frame_at is None:
            context = connection.video.codec_context
            row.codec, row.width, row.height = (
                context.codec.canonical_name, context.width, context.height,
            )  # fmt: skip
            row.first_frame_at = utc(time.time())
            log.info(
                "%s: recording, %s, %d×%d", self._camera.name, row.codec, row.width, row.height
            )
        row.last_frame_at = utc(time.time())
        row.clock = connection.clock.kind
        row.frames_received += 1
        row.frames_corrupt += packet.is_corrupt


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
