"""SQL over a dataset, by DuckDB, which sees the dataset and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from fer_core.errors import QueryError, RecordsError
from fer_core.queries.tables import open_videos
from fer_core.records import open_records
from fer_core.schema import RECORDS, STREAMS, VIDEOS

if TYPE_CHECKING:
    import duckdb

_BATCH = 65_536

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}

_LOCKS = (
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def query(directory: str | Path, sql: str) -> pa.RecordBatchReader:
    """The answer to one SELECT over the views `records`, `videos` and `streams`.

    Filters and columns are pushed down to Parquet. The SQL reaches no file, network or setting:
    DuckDB is given the Arrow datasets, external access is off and the configuration locked.

    Args:
        directory: the directory given to `fer process --out`.
        sql: one SELECT (or FROM, WITH, SUMMARIZE, DESCRIBE) in DuckDB's SQL.

    Returns:
        The rows, a batch at a time; `.read_pandas()` gives a DataFrame.

    Raises:
        RecordsError: the directory holds no dataset.
        QueryError: the SQL is none, or asks for something else than reading.

    Example:
        >>> sql = "SELECT camera, count(*) AS videos FROM videos GROUP BY ALL ORDER BY camera"
        >>> query("week", sql).read_all().to_pylist()
        [{'camera': 'door', 'videos': 4}, {'camera': 'hall', 'videos': 4}]
    """
    import duckdb

    connection = _connect(Path(directory))
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError(f"expected one statement, got {len(statements)}")
        if statements[0].type is not duckdb.StatementType.SELECT:
            raise QueryError(f"expected a SELECT, got a {statements[0].type.name}")
        reader = connection.sql(sql).to_arrow_reader(_BATCH)
        return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader))
    except duckdb.Error as error:
        raise QueryError(f"the SQL cannot be run: {error}") from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The rows as they come; what fails only now is told as what failed before."""
    try:
        yield from reader
    except (pa.ArrowException, OSError) as error:
        raise QueryError(f"the SQL cannot be run: {error}") from error


def _connect(directory: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:", config=_SETTINGS)
    for name, data in _views(directory).items():
        connection.register(name, data)
    for lock in _LOCKS:
        connection.execute(lock)
    return connection


def _views(directory: Path) -> dict[str, ds.Dataset | pa.Table]:
    """What there is; empty tables for the rest, such as records where every video failed."""
    readers = {
        "records": (open_records, RECORDS),
        "videos": (open_videos, VIDEOS),
        "streams": (_open_streams, STREAMS),
    }
    there = [name for name in readers if (directory / name).is_dir()]
    if not there:
        raise RecordsError(
            f"{directory} holds no dataset: expected the directory given to fer process --out"
        )
    return {
        name: read(directory) if name in there else schema.empty_table()
        for name, (read, schema) in readers.items()
    }


def _open_streams(directory: Path) -> ds.FileSystemDataset:
    """Connections to cameras."""
    return ds.dataset(directory / "streams", schema=STREAMS, format="parquet")
