"""The dataset as tables: the ledger, and the faces of one video after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.errors import RecordsError
from fer_core.paths import to_path
from fer_core.records import Names, read_files, record_filter
from fer_core.s3 import arrow_place
from fer_core.schema import VIDEOS
from fer_core.smoothing import SMOOTH_S, smooth
from fer_core.trust import FaceFilter

PROBABILITIES = list(PROBABILITY_COLUMNS)

FACE_COLUMNS = ["video_id", "source", "camera", "track_id", "pts", "time_s", "captured_at"]
_BOX = ["box_x", "box_y", "box_w", "box_h"]


def videos(directory: str | Path) -> pd.DataFrame:
    """The ledger: a row a video, ordered by source.

    Args:
        directory: the directory given to `fer process --out`.

    Returns:
        The columns of `fer_core.schema.VIDEOS`: `status`, `error`, `duration_s` (seconds),
        `frames_sampled`, `faces`, `tracks`, `annotated` and so on.

    Raises:
        RecordsError: there is no `videos/` below the directory.

    Example:
        >>> videos("week").groupby("camera").faces.sum().to_dict()
        {'door': 1148, 'hall': 760}
    """
    table = open_videos(directory).to_table().sort_by("source")
    return table.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)


def open_videos(directory: str | Path) -> ds.FileSystemDataset:
    """The files under `videos/` as one Arrow dataset with the schema `VIDEOS`.

    Raises:
        RecordsError: there is no `videos/` below the directory.
    """
    path = to_path(str(directory)) / "videos"
    if not path.is_dir():
        raise RecordsError(
            f"{directory} holds no videos: expected the directory given to fer process --out"
        )
    name, file_system = arrow_place(path)
    return ds.dataset(name, schema=VIDEOS, format="parquet", filesystem=file_system)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows a question is about, and how they are read.

    Args:
        source: values of `source`, one or several; all if None.
        since, until: bounds of `captured_at`, as in `load_records`.
        faces: which faces are worth believing; all if None.
        smooth_s: time constant in seconds; 0 is raw.
    """

    source: Names | None = None
    since: datetime | None = None
    until: datetime | None = None
    faces: FaceFilter | None = None
    smooth_s: float = SMOOTH_S


def faces_by_video(
    directory: str | Path, wanted: Wanted, boxes: bool = False
) -> Iterator[pd.DataFrame]:
    """The faces of one video after the other, smoothed; no more than one is held at a time.

    Args:
        directory: the directory given to `fer process --out`.
        wanted: which rows, and how they are read.
        boxes: whether `box_x` … `box_h` are wanted, too.

    Returns:
        Tables ordered by time and track with `video_id`, `source`, `camera`, `track_id`, `pts`,
        `time_s`, `captured_at`, `p_angry` … `p_neutral` (smoothed), and `emotion` and
        `confidence` (the greatest of them).
    """
    condition = ds.field("track_id").is_valid()
    asked = record_filter(wanted.source, None, wanted.since, wanted.until, None, wanted.faces)
    if asked is not None:
        condition &= asked
    columns = [*FACE_COLUMNS, *(_BOX if boxes else []), *PROBABILITIES]
    done: set[str] = set()
    while True:
        parts = read_files(directory, lambda dataset: parts_by_video(dataset, condition))
        try:
            for video in [name for name in parts if name not in done]:
                rows = parts[video].to_table(columns=columns, filter=condition)
                done.add(video)
                if len(rows):
                    yield smoothed_faces(rows.to_pandas(), wanted.smooth_s)
        except FileNotFoundError:  # `fer compact` merged a file away: its rows are in another
            continue
        return


def parts_by_video(
    dataset: ds.FileSystemDataset, condition: ds.Expression
) -> dict[str, ds.FileSystemDataset]:
    """The dataset cut into one a video, without the row groups that cannot match.

    Only the footers of the files are read for it: a file holds one video.
    """
    groups: dict[str, list[ds.ParquetFileFragment]] = {}
    for fragment in dataset.get_fragments():
        pieces = fragment.split_by_row_group(condition)
        if pieces:
            statistics = pieces[0].row_groups[0].statistics
            groups.setdefault(statistics["video_id"]["min"], []).extend(pieces)
    return {
        video: ds.FileSystemDataset(pieces, dataset.schema, dataset.format, dataset.filesystem)
        for video, pieces in groups.items()
    }


def smoothed_faces(rows: pd.DataFrame, tau_s: float) -> pd.DataFrame:
    """Faces with raw probabilities, `time_s` and `track_id`, as `faces_by_video` gives them."""
    rows = rows.sort_values(["time_s", "track_id"], ignore_index=True)
    rows["track_id"] = rows["track_id"].astype(np.int32)
    raw = rows[PROBABILITIES].to_numpy(np.float32)
    values = smooth(raw, rows["time_s"].to_numpy(), rows["track_id"].to_numpy(), tau_s)
    rows[PROBABILITIES] = values
    rows["emotion"] = pd.Categorical.from_codes(values.argmax(axis=1), list(EMOTIONS))
    rows["confidence"] = values.max(axis=1)
    return rows


def usual_interval_s(times_s: np.ndarray) -> float:
    """The mean time between two sampled frames of a video, in seconds; 0 if there is one.

    Gaps do not count: times in which nobody was seen are more than half as long again as usual.
    """
    apart_s = np.diff(np.unique(times_s))
    return float(apart_s[apart_s <= 1.5 * np.median(apart_s)].mean()) if len(apart_s) else 0.0
