"""Which files of a table count, while others write to it and `fer compact` merges it.

A merged file names in its metadata the files that it was made of. It appears whole while they
are still there, and hides them from the readers of this project; then they are removed. So at
every moment each row is in exactly one file that counts.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fer_core.errors import RecordsError
from fer_core.paths import to_path
from fer_core.s3 import S3Path, arrow_place, objects_below

T = TypeVar("T")

MERGED_KEY = "merged"
"""Key in a merged file's metadata: JSON, a list of [file name, rows] in the order of the rows."""

_MERGED = re.compile(r".+\.merged\.parquet")
_VIDEO = re.compile(r"[0-9a-f]{16}\.parquet")
"""Records of a video file, which is never merged."""

_MOST_READS = 100


def is_merged(name: str) -> bool:
    """Whether a file name is that of a merged file."""
    return _MERGED.fullmatch(name) is not None


def is_live(name: str) -> bool:
    """Whether records of this file name are a camera's, from `fer tail`, and not a video's."""
    return _VIDEO.fullmatch(name) is None


def merged_from(file: Path) -> list[tuple[str, int]]:
    """Names and rows of the files that a merged file was made of, in the order of its rows."""
    name, file_system = arrow_place(file)
    metadata = pq.read_schema(name, filesystem=file_system).metadata or {}
    return [(name, rows) for name, rows in json.loads(metadata.get(MERGED_KEY.encode(), b"[]"))]


def table_files(root: Path) -> list[Path]:
    """The Parquet files under a directory that count at one moment; hidden ones never do.

    A directory that is listed while files come and go may show neither a merged file nor what
    it was made of. Two listings that are equal rule this out: a file is removed only after the
    merged one has appeared.

    Raises:
        FileNotFoundError: a merged file was merged again meanwhile; ask once more.
    """
    names = _list(root)
    while (again := _list(root)) != names:
        names = again
    by_directory: dict[Path, list[Path]] = {}
    for file in map(to_path, names):
        by_directory.setdefault(file.parent, []).append(file)
    return [file for files in by_directory.values() for file in _visible(files)]


def _visible(files: list[Path]) -> list[Path]:
    """Those of one directory that no merged file among them hides."""
    live = [file for file in files if is_live(file.name)]
    if len(live) < 2:
        return files
    merged = [file for file in live if is_merged(file.name)]
    hidden = {name for file in merged for name, _ in merged_from(file)}
    return [file for file in files if file.name not in hidden]


def read_table_files(root: Path, read: Callable[[Sequence[Path]], T]) -> T:
    """What `read` makes of the files that count, all of one moment.

    Args:
        root: the directory.
        read: gets the files; called again with others where one was merged away meanwhile.

    Raises:
        RecordsError: files went away again and again.
    """
    for _ in range(_MOST_READS):
        try:
            return read(table_files(root))
        except FileNotFoundError:
            continue
    raise RecordsError(f"{root}: its files change faster than they can be read; try again")


def dataset_of(files: Sequence[Path], schema: pa.Schema) -> ds.FileSystemDataset:
    """Parquet files, all on a disk or all in S3, as one dataset."""
    places = [arrow_place(file) for file in files]
    file_system = places[0][1] if places else None
    names = [name for name, _ in places]
    return ds.dataset(names, schema=schema, format="parquet", filesystem=file_system)


def _list(directory: Path | str) -> list[str]:
    """Paths of all Parquet files, in a stable order."""
    if isinstance(directory, S3Path):
        below = ((path, path.relative_to(directory).parts) for path in objects_below(directory))
        return [
            str(path)
            for path, parts in below
            if path.suffix == ".parquet" and not any(part[0] in "._" for part in parts)
        ]
    found: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            if entry.is_dir():
                found += _list(entry.path)
            elif entry.name.endswith(".parquet"):
                found.append(entry.path)
    return sorted(found)
