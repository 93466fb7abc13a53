"""Cameras into records while they run: connect → decode → detect → classify → track → parts.

Each camera has two threads of its own, one that reads and decodes and one that looks, so that
no camera waits for another; the networks are shared. Between the two stands a short queue that
drops the oldest.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core import stages
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.paths import make_writable
from fer_core.streams.camera import Camera
from fer_core.streams.claim import claimed
from fer_core.streams.connection import Connection
from fer_core.streams.frames import LiveFrame, LiveSource, Timeline
from fer_core.streams.log import ConnectionRow, StreamLog
from fer_core.streams.newest import Newest
from fer_core.streams.outbox import Outbox
from fer_core.streams.parts import Part, StreamRun, utc
from fer_core.streams.reconnect import keep_connected, own_thread, run_cameras
from fer_core.streams.status import Seen, Snapshot, Status
from fer_core.tracking import Tracker
from fer_core.used_settings import keep_settings

_log = logging.getLogger("fer_core.streams")

ROLL_S = 60.0
_MOST_WAITING, _WAIT_S = 8, 0.25
_LOOK_AT_ONCE = 64

OnSeen = Callable[[str, Seen], None]


@dataclass(frozen=True, slots=True)
class CameraSummary:
    """What a tail made of one camera.

    Args:
        camera: its name.
        frames, faces: looked at and found.
        dropped: frames that came faster than they could be looked at.
        reconnects: how often it came back.
        parts: files that were written.
        error: why it ended before it was asked to, or never gave a frame; else None.
    """

    camera: str
    frames: int
    faces: int
    dropped: int
    reconnects: int
    parts: int
    error: str | None


def tail(
    cameras: Sequence[Camera],
    out: str | Path,
    config: ProcessConfig | None = None,
    engine: Engine | None = None,
    *,
    roll_s: float = ROLL_S,
    duration_s: float | None = None,
    stop: threading.Event | None = None,
    statuses: Sequence[Status] | None = None,
    on_seen: OnSeen | None = None,
) -> list[CameraSummary]:
    """Writes records of cameras while they run, until `stop` is set or the time is over.

    A camera that fails is tried again and again, and never disturbs another. When this
    returns, all that was looked at is in `out`.

    Args:
        cameras: from `find_cameras`.
        out: directory that gets `records/` and `streams/`.
        config: settings of the analysis; the defaults if None.
        engine: the networks; loaded for this call if None.
        roll_s: a part file holds at most this many seconds.
        duration_s: how long; None is until `stop`.
        stop: set it, and the tail ends.
        statuses: one a camera, to be looked at meanwhile.
        on_seen: called by the cameras' threads with each result.

    Raises:
        ModelError, ConfigError: the networks cannot be loaded.
        InputError: `out` cannot be written to.
        InUse: another tail writes one of the cameras there.

    Example:
        >>> tail(find_cameras(["door"]), "out", duration_s=60)  # doctest: +SKIP
    """
    config = config or ProcessConfig()
    if engine is None:
        with Engine.load(config) as loaded:
            return tail(
                cameras, out, config, loaded, roll_s=roll_s, duration_s=duration_s,
                stop=stop, statuses=statuses, on_seen=on_seen,
            )  # fmt: skip
    make_writable(Path(out))
    keep_settings(Path(out), engine.settings_hash, config)
    stop = stop or threading.Event()
    statuses = statuses or [Status(camera.name) for camera in cameras]
    with claimed({camera.name: Path(out) / f".tail-{camera.name}.lock" for camera in cameras}):
        work = [
            CameraTail(camera, status, Path(out), config, engine, roll_s, on_seen)
            for camera, status in zip(cameras, statuses, strict=True)
        ]
        return run_cameras(work, duration_s, stop)


class CameraTail:
    """One camera: its two threads, and what they share."""

    def __init__(
        self,
        camera: Camera,
        status: Status,
        out: Path,
        config: ProcessConfig,
        engine: Engine,
        roll_s: float,
        on_seen: OnSeen | None,
    ) -> None:
        self._camera = camera
        self._status = status
        self._config = config
        self._engine = engine
        self._roll_s = roll_s
        self._on_seen = on_seen
        self._tracker = Tracker(config.track)  # loads its package, so before time begins
        began_at = time.time()
        self._run = StreamRun(camera.name, began_at)
        self._timeline = Timeline(time.monotonic(), began_at)
        self._stopped = threading.Event()
        self._waiting = Newest[LiveFrame](_MOST_WAITING, _WAIT_S)
        self._log = StreamLog(out / "streams", self._run.video_id, camera.name)
        self._part: Part | None = None
        self._outbox = Outbox(out, self._run, engine.ids, status.warn)
        self._error: str | None = None
        self._reader = own_thread(camera, "read", self._connect, self._fail)
        self._looker = own_thread(camera, "look", self._look, self._fail)

    def start(self) -> None:
        """Begins to connect, and to look at what comes."""
        self._reader.start()
        self._looker.start()

    @property
    def is_alive(self) -> bool:
        """Whether it has not given up."""
        return self._reader.is_alive() and self._looker.is_alive()

    def stop(self) -> None:
        """Asks both threads to end."""
        self._stopped.set()

    def finish(self, until_s: float) -> CameraSummary:
        """Waits until all that came is written; a read of a dead connection is left to itself.

        Args:
            until_s: `time.monotonic` until which a read may end.
        """
        if self._reader.ident is not None:
            self._reader.join(max(0.0, until_s - time.monotonic()))
        self._waiting.close()
        if self._looker.ident is not None:
            self._looker.join()
        self._log.end("stopped")
        self._status.say("failed" if self._error else "stopped", self._error or "")
        now = self._status.snapshot()
        return CameraSummary(
            self._camera.name, now.frames, now.faces, now.dropped, now.reconnects,
            self._outbox.written, self._error or self._shortcoming(now),
        )  # fmt: skip

    def _shortcoming(self, now: Snapshot) -> str | None:
        if self._outbox.frames:
            return f"{now.warning}; {self._outbox.frames} frames are lost"
        return None if now.frames else f"no frame came ({self._log.row.ended})"

    def _fail(self, error: str) -> None:
        self._error = error
        self._stopped.set()
        self._waiting.close()

    def _connect(self) -> None:
        keep_connected(self._camera, self._log, self._stopped, self._read_frames, self._status.say)

    def _read_frames(self, connection: Connection, row: ConnectionRow) -> None:
        source = LiveSource(
            connection,
            self._timeline,
            self._config.sample,
            self._config.detect.long_side,
            self._camera.config.stall_s,
        )
        try:
            for live in source.frames():
                if not row.first_frame_at:
                    self._greet(source, connection, row)
                self._count(source, connection, row, self._waiting.put(live))
                if self._stopped.is_set():
                    return
        finally:
            self._count(source, connection, row)

    def _greet(self, source: LiveSource, connection: Connection, row: ConnectionRow) -> None:
        """A new connection has its first frame."""
        row.first_frame_at = utc(source.newest_at)
        row.codec = connection.video.codec_context.codec.canonical_name
        width, height = source.size or (0, 0)
        _log.info("%s: connected, %s, %d×%d", self._camera.name, row.codec, width, height)
        self._status.say("live")
        if self._status.snapshot().frames:
            self._status.count(reconnects=1)
        self._count(source, connection, row)
        self._log.save()

    def _count(
        self, source: LiveSource, connection: Connection, row: ConnectionRow, dropped: int = 0
    ) -> None:
        """Carries a connection's counts into its row."""
        stats = source.stats
        dropped += source.take_left_out()
        row.frames_dropped += dropped
        corrupt = stats.frames_corrupt - row.frames_corrupt
        if dropped or corrupt:
            self._status.count(dropped, corrupt)
        if source.newest_at:
            row.last_frame_at = utc(source.newest_at)
        row.frames_received = stats.frames_decoded
        row.frames_sampled, row.frames_corrupt = stats.frames_sampled, stats.frames_corrupt
        row.clock = connection.clock.kind
        if source.size:
            row.width, row.height = source.size

    def _look(self) -> None:
        """Looks at what waits, and closes parts when their time has come."""
        try:
            while (group := self._waiting.take(self._patience_s())) is not None:
                if self._patience_s() <= 0:
                    self._close_part()
                for seen in self._analyse(group):
                    self._keep(seen)
        finally:
            self._close_part()

    def _analyse(self, group: list[LiveFrame]) -> list[Seen]:
        """What the stages make of some frames at once."""
        engine = self._engine
        frames = [live.frame for live in group]
        found = stages.detect(
            frames, engine.detector, engine.classifier.input_size, max(1, len(group))
        )
        results = list(stages.classify(found, engine.classifier, _LOOK_AT_ONCE))
        return [
            Seen(live, faces, self._tracker.update(faces.faces, faces.time_s))
            for live, faces in zip(group, results, strict=True)
        ]

    def _keep(self, seen: Seen) -> None:
        if self._part and (self._part.is_full or self._part.first.clock is not seen.live.clock):
            self._close_part()
        self._part = self._part or Part(seen.live)
        self._part.add(seen.faces, seen.track_ids)
        self._status.saw(seen)
        if self._on_seen:
            self._on_seen(self._camera.name, seen)

    def _patience_s(self) -> float:
        """Seconds until the open part is to be closed, or there is another look."""
        if self._part is None:
            return 1.0
        return min(1.0, self._part.first.arrived_s + self._roll_s - time.monotonic())

    def _close_part(self) -> None:
        if self._part is None:
            return
        part, self._part = self._part, None
        if lost := self._outbox.put(part):
            self._log.row.frames_dropped += lost
            self._status.count(dropped=lost)
        self._log.save()
