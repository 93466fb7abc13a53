"""Records of one video as one Parquet file that appears only when it is whole."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.schema import RECORDS
from fer_core.types import FrameFaces, Recorded

ROW_GROUP = 16_384
"""Rows that are gathered and written at once: the grain at which filters skip data."""

TrackedFrame = tuple[FrameFaces, NDArray[np.int32]]
"""A frame's faces and the track number of each of them."""


def records_path(out: Path, video_id: str, captured_at: datetime | None) -> Path:
    """Where a video's records lie: `records/date=<UTC day or unknown>/<video_id>.parquet`."""
    day = captured_at.date().isoformat() if captured_at else "unknown"
    return out / "records" / f"date={day}" / f"{video_id}.parquet"


class RecordWriter:
    """Writes the frames of one video to a Parquet file, a row group at a time.

    Args:
        path: the file to write; the caller makes it appear atomically.
        video: whose records these are.
        captured_at: wall-clock time (UTC) of the first frame, or None.
        start_time_s: time stamp of the first frame in seconds.
        schema: `RECORDS` with metadata.
    """

    def __init__(
        self,
        path: Path,
        video: Recorded,
        captured_at: datetime | None,
        start_time_s: float,
        schema: pa.Schema = RECORDS,
    ) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_statistics=True)
        self._constants = {
            "video_id": video.video_id,
            "source": video.source,
            "camera": video.camera,
        }
        self._captured_at = captured_at
        self._start_time_s = start_time_s
        self._waiting: list[TrackedFrame] = []
        self._rows = 0

    def write(self, frame: FrameFaces, track_ids: NDArray[np.int32] | None = None) -> None:
        """Adds a frame: a row a face, or one row with nulls where there is none.

        Args:
            frame: the next one in time.
            track_ids: (n,) of its faces; None where the schema has no tracks.
        """
        if track_ids is None:
            track_ids = np.full(len(frame.faces), -1, np.int32)
        self._waiting.append((frame, track_ids))
        self._rows += max(1, len(frame.faces))
        if self._rows >= ROW_GROUP:
            self._flush()

    def note(self, **texts: str) -> None:
        """Adds texts to the file's metadata that are known only now."""
        self._writer.add_key_value_metadata(texts)

    def close(self) -> None:
        """Writes what waits and the file's footer."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = frame_columns([frame for frame, _ in self._waiting])
        columns |= face_columns(self._waiting)
        rows = len(columns["pts"])
        for name, value in self._constants.items():
            columns[name] = pa.repeat(pa.scalar(value, pa.string()), rows)
        columns["captured_at"] = self._wall_clock(columns["time_s"])
        arrays = [columns[field.name] for field in self._schema]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting, self._rows = [], 0

    def _wall_clock(self, time_s: pa.Array) -> pa.Array:
        kind = RECORDS.field("captured_at").type
        if self._captured_at is None:
            return pa.nulls(len(time_s), kind)
        start = np.datetime64(self._captured_at.replace(tzinfo=None), "us")
        offset = np.round((time_s.to_numpy() - self._start_time_s) * 1e6).astype("timedelta64[us]")
        return pa.array(start + offset).cast(kind)


def frame_columns(frames: Sequence[FrameFaces]) -> dict[str, pa.Array]:
    """The columns that say which frame a row belongs to."""
    rows = [max(1, len(frame.faces)) for frame in frames]

    def repeated(values: list[int] | list[float], dtype: type) -> pa.Array:
        return pa.array(np.repeat(np.array(values, dtype), rows))

    return {
        "frame_index": repeated([frame.frame_index for frame in frames], np.int64),
        "pts": repeated([frame.pts for frame in frames], np.int64),
        "time_s": repeated([frame.time_s for frame in frames], np.float64),
    }


def face_columns(frames: Sequence[TrackedFrame]) -> dict[str, pa.Array]:
    """The columns that describe a face; null in the row of a frame that has none."""
    counts = np.array([len(frame.faces) for frame, _ in frames])
    has_face = np.repeat(counts > 0, np.maximum(counts, 1))
    boxes = np.concatenate([frame.faces.boxes for frame, _ in frames])
    probabilities = np.concatenate([frame.probabilities for frame, _ in frames])

    def column(values: np.ndarray) -> pa.Array:
        spread = np.zeros(len(has_face), values.dtype)
        spread[has_face] = values
        return pa.array(spread, mask=~has_face)

    def joined(name: str) -> pa.Array:
        return column(np.concatenate([getattr(frame, name) for frame, _ in frames]))

    landmarks = np.zeros((len(has_face), 10), np.float32)
    landmarks[has_face] = np.concatenate([frame.faces.landmarks for frame, _ in frames])
    best = probabilities.argmax(axis=1).astype(np.int8)
    return {
        "face_index": column(np.concatenate([np.arange(n, dtype=np.int16) for n in counts])),
        "track_id": column(np.concatenate([track_ids for _, track_ids in frames])),
        **{f"box_{side}": column(boxes[:, index]) for index, side in enumerate("xywh")},
        "det_score": column(np.concatenate([frame.faces.scores for frame, _ in frames])),
        "landmarks": pa.FixedSizeListArray.from_arrays(
            pa.array(landmarks.reshape(-1)), 10, mask=pa.array(~has_face)
        ),
        "sharpness": joined("sharpness"),
        "yaw": joined("yaw"),
        "emotion": pa.DictionaryArray.from_arrays(column(best), list(EMOTIONS)),
        "confidence": column(probabilities.max(axis=1, initial=0)),
        **{name: column(probabilities[:, index]) for index, name in enumerate(PROBABILITY_COLUMNS)},
    }
