"""Part files: the rows of some seconds of one camera, each whole the moment it is there."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_core.atomic import atomic_file
from fer_core.engine import ModelIds
from fer_core.schema import RECORDS, with_metadata
from fer_core.sinks.parquet import ROW_GROUP, RecordWriter, TrackedFrame
from fer_core.streams.frames import LiveFrame
from fer_core.types import FrameFaces, video_id


@dataclass(frozen=True, slots=True)
class StreamRun:
    """One tail of one camera: what the records call a video.

    Args:
        camera: its name, which is also the records' `source`.
        began_at: Unix time of the tail's beginning.
    """

    camera: str
    began_at: float

    @property
    def source(self) -> str:
        return self.camera

    @property
    def video_id(self) -> str:
        """Of camera and beginning, so that times and tracks of two tails are kept apart."""
        return video_id(f"{self.camera} {stamp(utc(self.began_at))}")


def utc(unix_s: float) -> datetime:
    """Unix time as a date (UTC, µs)."""
    return datetime.fromtimestamp(round(unix_s * 1e6) / 1e6, UTC)


def stamp(moment: datetime) -> str:
    """A moment as it stands in file names, such as `20261101T120000.123Z`."""
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Part:
    """Rows that wait to be written; all of one connection, so that one clock counts for them.

    Args:
        first: the frame it begins with.
        rows: how many it has: one a face, or a frame without one.
    """

    first: LiveFrame
    rows: int = 0
    _frames: list[TrackedFrame] = field(default_factory=list)

    def add(self, frame: FrameFaces, track_ids: NDArray[np.int32]) -> None:
        """Takes a frame's faces, or that it has none."""
        self._frames.append((frame, track_ids))
        self.rows += max(1, len(frame.faces))

    @property
    def frames(self) -> int:
        """How many it has."""
        return len(self._frames)

    @property
    def is_full(self) -> bool:
        """Whether it has as many rows as a row group: memory stays bounded."""
        return self.rows >= ROW_GROUP

    def write(self, out: Path, run: StreamRun, ids: ModelIds) -> Path:
        """Writes the file `records/date=<UTC day>/<camera>-<UTC start>.parquet`.

        The wall clock is asked now and not when the part began: the sender's report may have
        come meanwhile.

        Raises:
            OSError: it cannot be written; nothing of it is left then.
        """
        unix_s, clock = self.first.clock.tell(self.first.media_s)
        captured_at = utc(unix_s)
        path = _free_path(out / "records" / f"date={captured_at.date()}", run.camera, captured_at)
        schema = with_metadata(
            RECORDS,
            model=ids.classifier,
            settings_hash=ids.settings_hash,
            clock=clock,
        )
        with atomic_file(path) as temporary:
            writer = RecordWriter(temporary, run, captured_at, self.first.frame.time_s, schema)
            try:
                for frame, track_ids in self._frames:
                    writer.write(frame, track_ids)
            finally:
                writer.close()
        return path


def _free_path(directory: Path, camera: str, moment: datetime) -> Path:
    """Two parts may begin in one millisecond where a wall clock was set back."""
    name = f"{camera}-{stamp(moment)}"
    path, copies = directory / f"{name}.parquet", 1
    while path.exists():
        path, copies = directory / f"{name}-{copies}.parquet", copies + 1
    return path
