"""Reading records back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.errors import RecordsError
from fer_core.listing import dataset_of, read_table_files
from fer_core.paths import to_path, to_text
from fer_core.schema import RECORDS
from fer_core.trust import FaceFilter

T = TypeVar("T")

NULLABLE = {pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
"""`face_index` and `track_id` stay integers beside rows without a face."""


Names = str | Path | Sequence[str | Path]
"""One name or several; paths stand for themselves."""

LEAST = 0.999 / NUM_EMOTIONS
"""No confidence is smaller: the greatest of seven probabilities whose sum is 1 ± 1e-5."""


def load_records(
    directory: str | Path,
    columns: Sequence[str] | None = None,
    sources: Names | None = None,
    emotions: Names | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    min_confidence: float | None = None,
    faces: FaceFilter | None = None,
) -> pd.DataFrame:
    """The records under a directory as a DataFrame, ordered by source, time and face.

    All filters are pushed down to Parquet: files and row groups that cannot hold a match are
    not read. Rows of frames without a face (their face columns are null) come along unless
    `emotions`, `min_confidence` or `faces` is given: those ask for faces, and drop them.

    Args:
        directory: the directory given to `fer process --out`.
        columns: names of the columns wanted; all if None.
        sources: values of `source` (absolute paths, camera names) wanted, one or several.
        emotions: emotions wanted, such as `"happy"` or `["happy", "surprise"]`.
        since: rows captured at or after this time. Times without a zone are UTC. Rows whose
            `captured_at` is null are dropped by `since` and `until`.
        until: rows captured before this time.
        min_confidence: faces of at least this confidence (0–1).
        faces: which faces are worth believing, such as `FaceFilter(min_side=40)`.

    Returns:
        One row a face, or a frame without one, with the columns of `fer_core.schema.RECORDS`.

    Raises:
        RecordsError: there are no records, or a column or emotion does not exist.

    Example:
        >>> happy = load_records("week", emotions="happy", min_confidence=0.8)
        >>> happy.groupby("camera").track_id.nunique().to_dict()
        {'door': 1, 'hall': 1}
    """
    wanted = list(columns) if columns is not None else RECORDS.names
    if unknown := sorted(set(wanted) - set(RECORDS.names)):
        raise RecordsError(
            f"no column {', '.join(unknown)}; expected some of {', '.join(RECORDS.names)}"
        )
    check_emotions(listed(emotions or ()))
    condition = record_filter(sources, emotions, since, until, min_confidence, faces)
    order = ["source", "pts", "face_index"]
    needed = list(dict.fromkeys([*wanted, *order]))
    table = read_files(
        directory, lambda dataset: dataset.to_table(columns=needed, filter=condition)
    )
    table = table.sort_by([(name, "ascending") for name in order]).select(wanted)
    return table.to_pandas(types_mapper=NULLABLE.get)


def open_records(directory: str | Path) -> ds.FileSystemDataset:
    """The files under `records/` as one Arrow dataset with the schema `RECORDS`; nothing is read.

    They are those of one moment. Where `fer compact` may run meanwhile, read with `read_files`,
    which begins anew when a file was merged away.

    Raises:
        RecordsError: there is no `records/` below the directory.

    Example:
        >>> import pyarrow.dataset as ds
        >>> open_records("week").count_rows(filter=ds.field("face_index").is_null())
        617
    """
    return read_files(directory, lambda dataset: dataset)


def read_files(directory: str | Path, read: Callable[[ds.FileSystemDataset], T]) -> T:
    """What `read` makes of the dataset of `open_records`, all of one moment.

    Args:
        directory: the directory given to `fer process --out`.
        read: called again, with a dataset of now, where a file was merged away meanwhile.

    Raises:
        RecordsError: there is no `records/`, or its files change faster than they can be read.
    """
    path = to_path(str(directory)) / "records"
    if not path.is_dir():
        raise RecordsError(
            f"{directory} holds no records: expected the directory given to fer process --out"
        )
    return read_table_files(path, lambda files: read(dataset_of(files, RECORDS)))


def record_filter(
    sources: Names | None = None,
    emotions: Names | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    min_confidence: float | None = None,
    faces: FaceFilter | None = None,
) -> ds.Expression | None:
    """The filters of `load_records` as an Arrow expression, None if there are none."""
    parts: list[ds.Expression] = []
    if sources is not None:
        parts.append(ds.field("source").isin(pa.array(listed(sources), pa.string())))
    if emotions is not None:
        wanted = listed(emotions)
        parts.append(ds.field("emotion").cast(pa.string()).isin(pa.array(wanted, pa.string())))
        # Arrow skips no row group by a dictionary column. The probability of what was told is
        # the greatest of seven, and those columns have statistics.
        bounds = [ds.field(f"p_{name}") >= pa.scalar(LEAST, pa.float32()) for name in wanted]
        parts.append(reduce(or_, bounds, ds.scalar(False)))
    if since is not None:
        parts.append(ds.field("captured_at") >= _instant(since))
    if until is not None:
        parts.append(ds.field("captured_at") < _instant(until))
    if min_confidence is not None:
        parts.append(ds.field("confidence") >= pa.scalar(min_confidence, pa.float32()))
    if faces is not None and (trusted := faces.expression()) is not None:
        parts.append(trusted)
    return reduce(and_, parts) if parts else None


def check_emotions(names: Sequence[str]) -> None:
    """Raises RecordsError where a name is none of `EMOTIONS`."""
    if unknown := sorted(set(names) - set(EMOTIONS)):
        raise RecordsError(
            f"no emotion {', '.join(unknown)}; expected some of {', '.join(EMOTIONS)}"
        )


def listed(names: Names) -> list[str]:
    """One name or several as a list of texts, as the records hold them."""
    several = [names] if isinstance(names, str | Path) else names
    return [to_text(name) for name in several]


def _instant(time: datetime) -> pa.Scalar:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return pa.scalar(aware.astimezone(UTC), pa.timestamp("us", tz="UTC"))
