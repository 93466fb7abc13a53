"""The files of `videos/`: one row of Parquet a video, read in bulk as one table.

Opening 10,000 small files takes seconds; their names, sizes and times are had in a twentieth of
one. So the rows that were read once are kept in `DIR/.videos-cache`, each with the stamp of its
file, and only files with another stamp are opened. The cache is never the truth: it may be
deleted at any time, and one that is damaged or of another version is made anew.
"""

import os
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.atomic import atomic_file
from fer_core.errors import RecordsError
from fer_core.schema import VIDEOS, with_metadata

CACHE = ".videos-cache"

_ROW_FILE = re.compile(r"[0-9a-f]{16}\.parquet")

_UNREADABLE = (pa.ArrowException, OSError, ValueError)
_READERS = 4
WORTH_KEEPING = 64
_SETTLED_NS = 2_000_000_000

Stamp = tuple[int, int, int]
"""Inode, bytes and time of change (ns) of a file: another file put in its place has another."""

_STAMPS = [pa.field(f"file_{name}", pa.int64()) for name in ("inode", "bytes", "mtime_ns")]
_CACHED = pa.schema([*VIDEOS, *_STAMPS])
_keeping = threading.Lock()


def row_path(out: Path, video_id: str) -> Path:
    """The file that holds a video's row."""
    return out / "videos" / f"{video_id}.parquet"


def write_row_file(path: Path, table: pa.Table) -> None:
    """Puts a table of one row in place of an older one.

    One row gains nothing from compression, statistics, dictionaries or the schema in Arrow's own
    words, and without them its file is a third as large and is read four times as fast.
    """
    with (
        atomic_file(path) as temporary,
        pq.ParquetWriter(
            temporary,
            table.schema,
            compression="none",
            use_dictionary=False,
            write_statistics=False,
            store_schema=False,
        ) as writer,
    ):
        writer.write_table(table)
        writer.add_key_value_metadata(table.schema.metadata)


def read_row_file(path: Path) -> pa.Table | None:
    """A table of one row, as `VIDEOS`; None where there is none, or one that cannot be read."""
    return _parse(path.stem, _content(path))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _parse(video_id: str, content: bytes | None) -> pa.Table | None:
    if content is None:
        return None
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        if not table.schema.equals(VIDEOS):  # of an older version: gives what it lacks as null
            table = pq.read_table(pa.BufferReader(content), schema=VIDEOS)
        [found] = table.column("video_id").to_pylist()
    except _UNREADABLE:
        return None
    return table.replace_schema_metadata(None) if found == video_id else None


def read_all(out: Path) -> pa.Table:
    """All readable rows of `videos/`, as `VIDEOS`, in any order.

    Raises:
        RecordsError: `videos/` holds only files that are not this project's.
    """
    now_ns = time.time_ns()
    stamps = _stamps(out / "videos")
    known = _known(out / CACHE, stamps) if len(stamps) >= WORTH_KEEPING else _CACHED.empty_table()
    new = stamps.keys() - set(known.column("video_id").to_pylist())
    rows = pa.concat_tables([known, _read([row_path(out, video_id) for video_id in new], stamps)])
    if len(rows) - len(known) >= WORTH_KEEPING:
        # Within a moment a file can be replaced without a new stamp, so young ones do not count.
        old = [stamp <= now_ns - _SETTLED_NS for stamp in rows.column("file_mtime_ns").to_pylist()]
        _keep(out / CACHE, rows.filter(pa.array(old, pa.bool_())))
    return rows.select(VIDEOS.names)


def _stamps(directory: Path) -> dict[str, Stamp]:
    """The stamp of each row file in a directory, by video_id."""
    if not directory.is_dir():
        return {}
    with os.scandir(directory) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    ours = [entry for entry in visible if _ROW_FILE.fullmatch(entry.name)]
    if visible and not ours:
        raise RecordsError(
            f"{directory}: expected rows of this project, got {visible[0].name} and the like; "
            "use another --out"
        )
    stamps: dict[str, Stamp] = {}
    for entry in ours:
        try:
            stat = entry.stat()
        except FileNotFoundError:  # its video is being analysed again at this moment
            continue
        stamps[entry.name.partition(".")[0]] = stat.st_ino, stat.st_size, stat.st_mtime_ns
    return stamps


def _read(paths: Sequence[Path], stamps: dict[str, Stamp]) -> pa.Table:
    """Rows of files, of which several are read at a time: a disk in the network answers late.

    They are parsed in one thread: several would wait for each other, and take longer.
    """
    ids = [path.stem for path in paths]
    with ThreadPoolExecutor(_READERS) as readers:
        parsed = map(_parse, ids, readers.map(_content, paths))
        tables = [table for table in parsed if table is not None]
    if not tables:
        return _CACHED.empty_table()
    rows = pa.concat_tables(tables).combine_chunks()
    columns = zip(*(stamps[key] for key in rows.column("video_id").to_pylist()), strict=True)
    for field, values in zip(_STAMPS, columns, strict=True):
        rows = rows.append_column(field, pa.array(values, field.type))
    return rows


def _known(cache: Path, stamps: dict[str, Stamp]) -> pa.Table:
    """Rows of the cache whose files have not changed."""
    try:
        rows = pq.read_table(cache, page_checksum_verification=True)
    except _UNREADABLE:
        return _CACHED.empty_table()
    if not rows.schema.equals(_CACHED):
        return _CACHED.empty_table()
    then = zip(*(rows.column(field.name).to_pylist() for field in _STAMPS), strict=True)
    ids = rows.column("video_id").to_pylist()
    same = [stamps.get(key) == stamp for key, stamp in zip(ids, then, strict=True)]
    return rows.filter(pa.array(same, pa.bool_())).replace_schema_metadata(None)


def _keep(cache: Path, rows: pa.Table) -> None:
    table = rows.replace_schema_metadata(with_metadata(VIDEOS).metadata)
    try:
        with _keeping, atomic_file(cache) as temporary:
            pq.write_table(table, temporary, write_page_checksum=True)
    except OSError:  # no room, or not ours to write to: the next reader takes longer, that is all
        return
