"""Removes a video, a camera or a day from everything that a dataset holds of it."""

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fer_core import ledger
from fer_core.atomic import atomic_file
from fer_core.chunks import WORK
from fer_core.errors import InputError, RecordsError
from fer_core.exports import paths_of_exports
from fer_core.ledger import VideoSummary
from fer_core.ledger_files import CACHE, row_path
from fer_core.listing import merged_from
from fer_core.locks import COMPACT, RUN, alone
from fer_core.paths import absolute_path, printable, to_path, to_text
from fer_core.records import open_records
from fer_core.report.files import page_files, pages_of_cameras, rewrite_index


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed.

    Args:
        records: files of `records/`, and `rows` in them.
        videos: rows of `videos/`.
        streams: rows of `streams/`.
        chunks: files of videos that are still in work.
        annotated, exports, pages: files.
        sources: which videos these were.
    """

    records: int = 0
    rows: int = 0
    videos: int = 0
    streams: int = 0
    chunks: int = 0
    annotated: int = 0
    exports: int = 0
    pages: int = 0
    sources: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = ", ".join(
            f"{count} {name}" for name, count in asdict(self).items() if name != "sources" and count
        )
        return f"removed: {counts}" if counts else "nothing to remove"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be forgotten: exactly one of these."""

    source: str | None = None
    camera: str | None = None
    day: date | None = None

    def of(self, row: VideoSummary) -> bool:
        """Whether a row of the ledger is concerned."""
        if self.day is not None:
            start = row.captured_at
            if start is None:
                return False
            end = start + timedelta(seconds=row.duration_s or 0.0)
            return start.astimezone(UTC).date() <= self.day <= end.astimezone(UTC).date()
        return row.source == self.source if self.source is not None else row.camera == self.camera

    def condition(self, column: str) -> ds.Expression | None:
        """The same for rows whose time is in a column; None where they have no source."""
        if self.day is not None:
            start = datetime.combine(self.day, time(), UTC)
            kind = pa.timestamp("us", tz="UTC")
            return (ds.field(column) >= pa.scalar(start, kind)) & (
                ds.field(column) < pa.scalar(start + timedelta(days=1), kind)
            )
        if self.camera is not None:
            return ds.field("camera") == self.camera
        return ds.field("source") == self.source if column == "captured_at" else None


def forget(
    directory: str | Path,
    source: str | Path | None = None,
    camera: str | None = None,
    day: date | None = None,
) -> Forgotten:
    """Removes a video, all of a camera, or all of a day (UTC), and leaves no row behind.

    The recordings themselves are not touched. A video that runs over midnight is removed whole.
    The rows of the ledger go last: after a kill, the same call finishes the work.

    Args:
        directory: the directory given to `fer process --out`.
        source, camera, day: exactly one of them. A source may be a path, as it was processed.

    Returns:
        What was removed.

    Raises:
        InputError: not exactly one of the three was given.
        RecordsError: there is no such directory.
        InUse: `fer process` or `fer compact` is at work on it.

    Example:
        >>> print(forget("week", camera="nobody"))
        nothing to remove
    """
    if sum(given is not None for given in (source, camera, day)) != 1:
        raise InputError("expected exactly one of source, camera and date")
    out = Path(directory)
    name = None if source is None else _as_recorded(source)
    if not out.is_dir():
        raise RecordsError(f"{printable(out)}: expected the directory given to fer process --out")
    with alone(out, RUN), alone(out, COMPACT):
        return _forget(out, _Asked(name, camera, day))


def _forget(out: Path, asked: _Asked) -> Forgotten:
    rows = ledger.read_rows(out)
    files, ids, count = _record_files(out, asked)
    concerned = [row for row in rows.values() if asked.of(row) or row.video_id in ids]
    gone: Counter[str] = Counter(rows=count)
    gone["records"] = _remove(out, files)
    gone["streams"] = _remove_streams(out, asked)
    for row in concerned:
        gone["records"] += _remove(out, out.glob(f"records/*/{row.video_id}.parquet"))
        gone["annotated"] += _remove(out, [out / row.annotated] if row.annotated else [])
        gone["exports"] += _remove(out, paths_of_exports(out, row))
        gone["pages"] += _remove(out, page_files(out, row.video_id))
        shutil.rmtree(out / WORK / row.video_id, ignore_errors=True)
        gone["videos"] += _remove(out, [row_path(out, row.video_id)])
    gone["pages"] += _remove(out, pages_of_cameras(out, asked.camera, asked.day))
    gone["chunks"] = _remove_chunks(out, asked)
    (out / CACHE).unlink(missing_ok=True)
    rewrite_index(out)
    return Forgotten(**gone, sources=tuple(sorted(row.source for row in concerned)))


def _as_recorded(source: str | Path) -> str:
    text = to_text(source)
    return text if "://" in text else to_text(absolute_path(to_path(text)))


def _record_files(out: Path, asked: _Asked) -> tuple[list[Path], set[str], int]:
    """Files of records with such rows, the videos they are of, and how many rows they hold."""
    files: list[Path] = []
    ids: set[str] = set()
    rows = 0
    condition = asked.condition("captured_at")
    if not (out / "records").is_dir() or condition is None:
        return files, ids, rows
    for fragment in open_records(out).get_fragments():
        if not fragment.split_by_row_group(condition):
            continue
        if fragment.count_rows(filter=condition):
            path = Path(fragment.path)
            files += [path.with_name(name) for name, _ in merged_from(path)]  # hidden by it
            files.append(path)
            ids.update(fragment.head(1, columns=["video_id"])["video_id"].to_pylist())
            rows += fragment.count_rows()
    return files, ids, rows


def _remove_streams(out: Path, asked: _Asked) -> int:
    condition = asked.condition("started_at")
    if not (out / "streams").is_dir() or condition is None:
        return 0
    removed = 0
    for fragment in ds.dataset(out / "streams", format="parquet").get_fragments():
        table = fragment.to_table()
        kept = table.filter(~condition)
        if len(kept) == len(table):
            continue
        removed += len(table) - len(kept)
        path = Path(fragment.path)
        if not len(kept):
            _remove(out, [path])
            continue
        with atomic_file(path) as temporary:
            pq.write_table(kept, temporary, compression="zstd")
    return removed


def _remove_chunks(out: Path, asked: _Asked) -> int:
    """All chunks of a video that is in work, if one of them has such rows."""
    removed = 0
    for directory in (out / WORK).glob("*"):
        files = list(directory.glob("*.parquet"))
        if any(len(pq.read_table(file, filters=asked.condition("captured_at"))) for file in files):
            removed += _remove(out, files)
    return removed


def _remove(out: Path, files: Iterable[Path]) -> int:
    """Deletes files that are there, and directories below `out` that become empty."""
    count = 0
    for file in list(files):
        if not file.is_file():
            continue
        file.unlink()
        count += 1
        for parent in file.parents:
            if parent.parent == out or not parent.is_relative_to(out) or any(parent.iterdir()):
                break
            parent.rmdir()
    return count
