"""The rows of `streams/`: when a camera was connected, why that ended, and what was lost."""

import logging
import threading
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fer_core.atomic import atomic_file
from fer_core.errors import RecordsError
from fer_core.listing import read_table_files
from fer_core.schema import STREAMS, with_metadata
from fer_core.streams.parts import stamp, utc

log = logging.getLogger("fer_core.streams")


@dataclass(slots=True)
class ConnectionRow:
    """A connection to a camera, or several attempts in a row that failed for one reason.

    Args:
        ended_at, ended: when and why; None while it lasts, and after a kill.
        error: the reason in a sentence.
        attempts: 1, or how often it was tried without a frame.
        first_frame_at, last_frame_at: when the first and the newest frame arrived.
        clock: where the wall-clock times of its records come from.
        frames_received: pictures that left the decoder.
        frames_sampled: those that were to be looked at.
        frames_dropped: those of them that came faster than they could be.
        frames_corrupt: packets and pictures that were damaged.
    """

    video_id: str
    camera: str
    started_at: datetime
    ended_at: datetime | None = None
    ended: str | None = None
    error: str | None = None
    attempts: int = 1
    first_frame_at: datetime | None = None
    last_frame_at: datetime | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    clock: str | None = None
    frames_received: int = 0
    frames_sampled: int = 0
    frames_dropped: int = 0
    frames_corrupt: int = 0


class StreamLog:
    """Writes the rows of one run of a camera, a small file each.

    A row is there from its connection's first frame on, and renewed with every part, so that
    a kill leaves what was true then. A camera that cannot be reached makes one row however
    often it is tried, as long as the reason stays the same.

    Args:
        directory: gets the files.
        video_id: of the run.
        camera: its name.
    """

    def __init__(self, directory: Path, video_id: str, camera: str) -> None:
        self._directory = directory
        self._video_id = video_id
        self._camera = camera
        self._lock = threading.RLock()
        self._unsaved: dict[datetime, ConnectionRow] = {}
        self._last: ConnectionRow | None = None
        self.row = self._new()

    def begin(self) -> ConnectionRow:
        """The row of a new connection; counts go into it."""
        with self._lock:
            self._last, self.row = self.row, self._new()
            # Files are named by the millisecond.
            least = self._last.started_at + timedelta(milliseconds=1)
            self.row.started_at = max(self.row.started_at, least)
            return self.row

    def save(self) -> None:
        """Writes the current row, if there is anything to tell.

        What a full disk does not take is kept and tried again.
        """
        with self._lock:
            if self.row.frames_received or self.row.ended:
                self._unsaved[self.row.started_at] = self.row
            for key, row in list(self._unsaved.items()):
                try:
                    _write(self._directory, row)
                except OSError as error:
                    log.error("%s: cannot write streams/: %s", self._camera, error.strerror)
                    return
                del self._unsaved[key]

    def end(self, kind: str, error: str | None = None) -> None:
        """Ends the current row, if it has not ended yet."""
        with self._lock:
            if self.row.ended:
                return
            self.row.ended_at, self.row.ended, self.row.error = utc(time.time()), kind, error
            last = self._last
            if last and last.ended == kind and not last.frames_received + self.row.frames_received:
                last.attempts, last.ended_at = last.attempts + 1, self.row.ended_at
                self.row = last
            self.save()

    def _new(self) -> ConnectionRow:
        return ConnectionRow(self._video_id, self._camera, utc(time.time()))


def load_streams(directory: str | Path) -> pd.DataFrame:
    """The rows of `streams/` under a directory, ordered by camera and time; gaps stand between.

    Args:
        directory: the directory given to `fer tail --out` or `fer capture --out`.

    Raises:
        RecordsError: there is no `streams/` below it.

    Example:
        >>> rows = load_streams("out")  # doctest: +SKIP
        >>> rows[rows.ended == "stalled"][["camera", "last_frame_at"]]  # doctest: +SKIP
    """
    path = Path(directory) / "streams"
    if not path.is_dir():
        raise RecordsError(f"{directory} holds no streams/: nothing was tailed or captured here")
    table = read_table_files(
        path, lambda files: ds.dataset([str(file) for file in files], schema=STREAMS).to_table()
    )
    return table.sort_by([("camera", "ascending"), ("started_at", "ascending")]).to_pandas()


def _write(directory: Path, row: ConnectionRow) -> None:
    table = pa.Table.from_pylist([asdict(row)], schema=with_metadata(STREAMS))
    path = directory / f"{row.camera}-{stamp(row.started_at)}.parquet"
    with atomic_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
