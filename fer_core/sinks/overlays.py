"""What annotated frames show: results of sampled frames, from an analysis or its records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.errors import RecordsError
from fer_core.types import FloatArray, FrameFaces

_BOX = ["box_x", "box_y", "box_w", "box_h"]
_COLUMNS = ["pts", *_BOX, "track_id", "emotion", "confidence", *PROBABILITY_COLUMNS]
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one sampled frame shows: n faces, column by column; n may be 0.

    Args:
        pts: the sampled frame's, in the stream's time base.
        boxes: (n, 4) float32, x y width height in pixels of the upright frame.
        track_ids: (n,) int32.
        emotions: n names of emotions.
        confidences: (n,) float32 in 0–1.
        probabilities: (n, 7) float32 in the order of `EMOTIONS`.
    """

    pts: int
    boxes: FloatArray
    track_ids: NDArray[np.int32]
    emotions: Sequence[str]
    confidences: FloatArray
    probabilities: FloatArray

    def __post_init__(self) -> None:
        lengths = {
            len(column)
            for column in (
                self.boxes,
                self.track_ids,
                self.emotions,
                self.confidences,
                self.probabilities,
            )
        }
        if len(lengths) != 1:
            raise ValueError(f"expected columns of one length, received {sorted(lengths)}")

    @classmethod
    def of(cls, frame: FrameFaces, track_ids: NDArray[np.int32]) -> "Overlay":
        """What the records of a frame will say, without reading them back."""
        return cls(
            frame.pts,
            frame.faces.boxes,
            track_ids,
            [EMOTIONS[best] for best in frame.probabilities.argmax(axis=1)],
            frame.probabilities.max(axis=1, initial=0),
            frame.probabilities,
        )


def read_overlays(records: Path) -> Iterator[Overlay]:
    """One overlay a sampled frame, in order of pts; read in pieces, so any length will do.

    Args:
        records: the Parquet file of one video.

    Raises:
        RecordsError: the file is missing or damaged.
    """
    try:
        with pq.ParquetFile(records) as file:
            batches = file.iter_batches(_BATCH, columns=_COLUMNS)
            rows = (row for batch in batches for row in batch.to_pylist())
            for pts, faces in groupby(rows, key=lambda row: row["pts"]):
                yield _overlay(pts, [face for face in faces if face["track_id"] is not None])
    except (OSError, pa.ArrowException) as error:
        raise RecordsError(f"the records of this video cannot be read ({error})") from error


def _overlay(pts: int, faces: list[dict[str, Any]]) -> Overlay:
    def columns(names: list[str]) -> np.ndarray:
        values = [[face[name] for name in names] for face in faces]
        return np.array(values, np.float32).reshape(len(faces), len(names))

    return Overlay(
        pts,
        columns(_BOX),
        np.array([face["track_id"] for face in faces], np.int32),
        [face["emotion"] for face in faces],
        columns(["confidence"])[:, 0],
        columns(list(PROBABILITY_COLUMNS)),
    )
