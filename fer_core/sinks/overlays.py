"""From a video's records to what its annotated frames show."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.emotions import PROBABILITY_COLUMNS
from fer_core.errors import RecordsError
from fer_core.sinks.annotated import Overlay

_BOX = ["box_x", "box_y", "box_w", "box_h"]
_COLUMNS = ["pts", *_BOX, "track_id", "emotion", "confidence", *PROBABILITY_COLUMNS]
_BATCH = 4096


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
