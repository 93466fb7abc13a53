"""Many small part files into few, without a reader ever missing or doubling a row.

A merged file is written beside its parts and names them; readers of this project leave out
what a merged file names (see `fer_core.listing`). Then the parts are removed. A kill at any
moment leaves files of which those that count hold each row once; the next run goes on.
"""

import json
import logging
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.atomic import atomic_file
from fer_core.errors import RecordsError
from fer_core.listing import MERGED_KEY, is_merged, merged_from
from fer_core.locks import COMPACT, alone
from fer_core.schema import RECORDS
from fer_core.sinks.parquet import ROW_GROUP

log = logging.getLogger("fer_core.streams")

_CLOSED_AFTER = timedelta(hours=2)
"""How long after its end a day is closed: parts that began before midnight appear later."""

_PART = re.compile(r"(?P<camera>.+)-(?P<day>\d{8})(T\d{6}\.\d{3}Z(-\d+)?|-\d+\.merged)\.parquet")
_TEMPORARY_S = 86_400
"""Files that were never finished are removed at this age."""


@dataclass(frozen=True, slots=True)
class CompactSummary:
    """What was merged.

    Args:
        before, after: files that were merged, and into how many.
        rows: rows in them.
        damaged: files that cannot be read, which are left as they are.
    """

    before: int = 0
    after: int = 0
    rows: int = 0
    damaged: tuple[str, ...] = ()


def compact(directory: str | Path, now: datetime | None = None) -> CompactSummary:
    """Merges the part files of closed days (UTC) under `records/` and `streams/`.

    Safe while `fer tail` writes and others read. What `fer process` wrote is left alone.

    Args:
        directory: the directory given to `fer tail --out`.
        now: the time; for tests.

    Raises:
        RecordsError: there is nothing of `fer tail` here.
        InUse: another `fer compact` or `fer forget` runs.
        OSError: a file cannot be written; nothing is lost then.

    Example:
        >>> compact("out").before  # doctest: +SKIP
        1440
    """
    root = Path(directory)
    tables = [path for path in (root / "records", root / "streams") if path.is_dir()]
    if not tables:
        raise RecordsError(f"{directory}: expected a directory with records/ or streams/")
    today = ((now or datetime.now(UTC)) - _CLOSED_AFTER).strftime("%Y%m%d")
    done: list[tuple[int, int]] = []
    damaged: list[str] = []
    with alone(root, COMPACT):
        for place in [*tables, *sorted((root / "records").glob("date=*/"))]:
            _finish_interrupted(place)
            for camera, day, files in _groups(place, today, damaged):
                done.append((len(files), _merge(files, camera, day)))
    rows = sum(rows for _, rows in done)
    return CompactSummary(sum(count for count, _ in done), len(done), rows, tuple(damaged))


def _finish_interrupted(place: Path) -> None:
    """Removes what a killed run had merged but not removed, and what it never finished."""
    for file in place.glob("*.merged.parquet"):
        for name, _ in merged_from(file):
            (place / name).unlink(missing_ok=True)
    for temporary in place.glob(".*.part.parquet"):
        if time.time() - temporary.stat().st_mtime > _TEMPORARY_S:
            temporary.unlink(missing_ok=True)


def _groups(place: Path, today: str, damaged: list[str]) -> Iterator[tuple[str, str, list[Path]]]:
    """Files of a camera and a closed day that belong together, two and more.

    Records of two tails never share a file: whoever goes through them a video at a time relies
    on it. All of a file have the same metadata, too.
    """
    groups: dict[tuple[object, ...], list[Path]] = {}
    for file in sorted(place.glob("*.parquet")):
        name = _PART.fullmatch(file.name)
        if name is None or name["day"] >= today:
            continue
        try:
            if place.name == "streams" and not _has_ended(file, today):
                continue
            footer = pq.read_metadata(file)
        except (pa.ArrowException, OSError) as error:
            log.warning("%s cannot be read and is left as it is: %s", file, error)
            damaged.append(str(file))
            continue
        video = None if place.name == "streams" else _video(footer)
        metadata = dict(footer.schema.to_arrow_schema().metadata or {})
        metadata.pop(MERGED_KEY.encode(), None)
        key = (name["camera"], name["day"], video, *sorted(metadata.items()))
        groups.setdefault(key, []).append(file)
    for (camera, day, *_), files in groups.items():
        if len(files) > 1:
            files.sort(key=lambda file: (not is_merged(file.name), file.name))
            yield str(camera), str(day), files


def _video(footer: pq.FileMetaData) -> str | None:
    """Of which video the records of a file are, by the statistics in its footer."""
    column = RECORDS.get_field_index("video_id")
    return footer.row_group(0).column(column).statistics.min if footer.num_row_groups else None


def _has_ended(file: Path, today: str) -> bool:
    """Whether the connections in a file ended in closed days: else their rows may change yet."""
    ends = pq.read_table(file, columns=["ended_at"])["ended_at"].to_pylist()
    return all(end is not None and f"{end:%Y%m%d}" < today for end in ends)


def _merge(files: Sequence[Path], camera: str, day: str) -> int:
    """Writes one file in place of several; how many rows it has."""
    counts = [(file.name, pq.read_metadata(file).num_rows) for file in files]
    schema = pq.read_schema(files[0])
    metadata = {**(schema.metadata or {}), MERGED_KEY: json.dumps(counts)}
    path = _free_path(files[0].parent, camera, day)
    with atomic_file(path) as temporary:
        with pq.ParquetWriter(
            temporary, schema.with_metadata(metadata), compression="zstd", write_statistics=True
        ) as writer:
            for table in _gather(files, schema):
                writer.write_table(table)
        expected, written = sum(rows for _, rows in counts), pq.read_metadata(temporary).num_rows
        if written != expected:
            raise RecordsError(f"{path}: expected {expected} rows, wrote {written}; try again")
    for file in files:
        file.unlink(missing_ok=True)
    return expected


def _gather(files: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """Their rows in order, about a row group at a time."""
    waiting: list[pa.RecordBatch] = []
    for file in files:
        with pq.ParquetFile(file) as part:
            for batch in part.iter_batches(ROW_GROUP):
                waiting.append(batch)
                if sum(len(each) for each in waiting) >= ROW_GROUP:
                    yield _table(waiting, schema)
                    waiting = []
    if waiting:
        yield _table(waiting, schema)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    plain = schema.remove_metadata()
    tables = [pa.Table.from_batches([batch]).replace_schema_metadata() for batch in batches]
    return pa.concat_tables([table.cast(plain) for table in tables]).unify_dictionaries()


def _free_path(directory: Path, camera: str, day: str) -> Path:
    """Never a name that is in use: readers may hold the file that has it."""
    number = 1
    while (path := directory / f"{camera}-{day}-{number}.merged.parquet").exists():
        number += 1
    return path
