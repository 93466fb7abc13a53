"""New records as they appear."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.listing import is_merged, merged_from
from fer_core.records import NULLABLE
from fer_core.schema import RECORDS

_COARSE_NS = 2_000_000_000
"""File systems may note changes of a directory with so coarse a clock."""


def follow_records(
    directory: str | Path,
    *,
    existing: bool = False,
    poll_s: float = 0.2,
    stop: threading.Event | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows of each new file under `records/`, for as long as the caller asks for more.

    Every row comes once, also while `fer compact` merges files; what a video's new analysis
    replaces comes again. The directory need not exist yet.

    Args:
        directory: the directory given to `fer tail --out`.
        existing: whether what is there already comes first.
        poll_s: seconds between two looks.
        stop: set it, and the iterator ends.

    Yields:
        DataFrames with the columns of `fer_core.schema.RECORDS`, one a file.

    Example:
        >>> for faces in follow_records("out"):  # doctest: +SKIP
        ...     print(faces.emotion.value_counts())
    """
    stop = stop or threading.Event()
    follower = _Follower(Path(directory) / "records")
    if not existing:
        follower.skip()
    return _follow(follower, poll_s, stop)


def _follow(follower: "_Follower", poll_s: float, stop: threading.Event) -> Iterator[pd.DataFrame]:
    while not stop.is_set():
        yield from follower.news()
        stop.wait(poll_s)


class _Follower:
    """Knows which files were seen already.

    Args:
        root: the directory `records/`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[Path, dict[str, int]] = {}
        self._changed: dict[Path, int] = {}

    def skip(self) -> None:
        """Takes what is there as seen."""
        for directory in self._days():
            self._seen[directory] = _files(directory)

    def news(self) -> Iterator[pd.DataFrame]:
        """The rows of files that were not seen before."""
        for directory in self._days():
            seen, now = self._seen.setdefault(directory, {}), _files(directory)
            for name, change in now.items():
                if seen.get(name) == change:
                    continue
                try:
                    table = _rows(directory / name, seen, now)
                except FileNotFoundError:  # merged away: the next look finds its rows elsewhere
                    self._changed.pop(directory, None)
                    continue
                seen[name] = change
                if table.num_rows:
                    yield table.cast(RECORDS).to_pandas(types_mapper=NULLABLE.get)
            self._seen[directory] = {name: seen[name] for name in seen if name in now}

    def _days(self) -> Iterator[Path]:
        """The directories in which something may have changed since the last look."""
        for directory in sorted(self._root.glob("date=*/")):
            try:
                change = directory.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            is_new = self._changed.get(directory) != change
            if is_new or time.time_ns() - change < _COARSE_NS:
                self._changed[directory] = change
                yield directory


def _files(directory: Path) -> dict[str, int]:
    """Names of the files of a day, merged ones first, each with its number in the file system.

    Two listings must be equal, for the reason that `fer_core.listing` tells.
    """
    found = _list(directory)
    while (again := _list(directory)) != found:
        found = again
    return dict(sorted(found.items(), key=lambda item: (not is_merged(item[0]), item[0])))


def _list(directory: Path) -> dict[str, int]:
    try:
        with os.scandir(directory) as entries:
            return {
                entry.name: entry.inode()
                for entry in entries
                if entry.name.endswith(".parquet") and not entry.name.startswith((".", "_"))
            }
    except FileNotFoundError:  # the day was removed at this moment
        return {}


def _rows(file: Path, seen: dict[str, int], now: dict[str, int]) -> pa.Table:
    """The rows of a file that were not seen in others, which are noted.

    Raises:
        FileNotFoundError: it is gone.
    """
    table = pq.read_table(file)
    parts = merged_from(file) if is_merged(file.name) else []
    kept, start = [] if parts else [table], 0
    for name, rows in parts:
        if name not in seen:
            kept.append(table.slice(start, rows))
            seen[name] = now.get(name, 0)
        start += rows
    return pa.concat_tables(kept) if kept else table.slice(0, 0)
