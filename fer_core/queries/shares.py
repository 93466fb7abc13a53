"""Which emotions the faces of some videos show."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow.dataset as ds

from fer_core.emotions import EMOTIONS
from fer_core.ledger import VideoSummary
from fer_core.sinks.parquet import records_path


def emotion_shares(out: Path, rows: Iterable[VideoSummary]) -> dict[str, float]:
    """The part of the faces that show each emotion (0–1), in the order of `EMOTIONS`.

    Reads one column, piece by piece, so that any number of videos fits into memory.

    Args:
        out: the directory given to `fer process --out`.
        rows: of the videos whose faces count.

    Returns:
        Nothing where there is no face.
    """
    files = [
        records_path(out, row.video_id, row.captured_at)
        for row in rows
        if row.status != "failed" and row.faces
    ]
    counts: Counter[str] = Counter()
    if files:
        for batch in ds.dataset(files).to_batches(columns=["emotion"]):
            for count in batch["emotion"].cast("string").value_counts().to_pylist():
                if count["values"] is not None:
                    counts[count["values"]] += count["counts"]
    return {name: counts[name] / counts.total() for name in EMOTIONS if counts}
