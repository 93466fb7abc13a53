"""SQL over a dataset, by DuckDB, which sees the dataset and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from fer_core.errors import QueryError, RecordsError
from fer_core.listing import dataset_of, read_table_files
from fer_core.paths import to_path
from fer_core.schema import RECORDS, STREAMS, VIDEOS

if TYPE_CHECKING:
    import duckdb

_BATCH = 65_536
_TABLES = {"records": RECORDS, "videos": VIDEOS, "streams": STREAMS}

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
        directory: the directory given to `fer process --out` or `fer tail --out`.
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

    views = _views(to_path(str(directory)))
    while True:
        try:
            reader = _run(_connect(views), sql)
            first = next(reader, None)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            asked, views = views, _views(to_path(str(directory)))
            if _files(asked) == _files(views):
                raise QueryError(f"the SQL cannot be run: {error}") from error
            continue  # `fer compact` merged files away: ask those of now
        return pa.RecordBatchReader.from_batches(reader.schema, _batches(first, reader))


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"expected one statement, got {len(statements)}")
    if statements[0].type is not duckdb.StatementType.SELECT:
        raise QueryError(f"expected a SELECT, got a {statements[0].type.name}")
    return connection.sql(sql).to_arrow_reader(_BATCH)


def _batches(
    first: pa.RecordBatch | None, reader: pa.RecordBatchReader
) -> Iterator[pa.RecordBatch]:
    """The rows as they come; what fails only now is told as what failed before."""
    if first is None:
        return
    yield first
    try:
        yield from reader
    except (pa.ArrowException, OSError) as error:
        raise QueryError(f"the SQL cannot be run: {error}") from error


def _connect(views: dict[str, ds.Dataset | pa.Table]) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:", config=_SETTINGS)
    for name, data in views.items():
        connection.register(name, data)
    for lock in _LOCKS:
        connection.execute(lock)
    return connection


def _views(directory: Path) -> dict[str, ds.Dataset | pa.Table]:
    """The tables of a dataset at one moment; those that it does not have are empty."""
    if not any((directory / name).is_dir() for name in _TABLES):
        raise RecordsError(
            f"{directory} holds no dataset: expected the directory given to fer process, "
            "fer tail or fer capture as --out"
        )
    return {name: _view(directory / name, schema) for name, schema in _TABLES.items()}


def _view(directory: Path, schema: pa.Schema) -> ds.Dataset | pa.Table:
    if not directory.is_dir():
        return schema.empty_table()
    return read_table_files(directory, lambda files: dataset_of(files, schema))


def _files(views: dict[str, ds.Dataset | pa.Table]) -> list[str]:
    datasets = [view for view in views.values() if isinstance(view, ds.FileSystemDataset)]
    return [file for dataset in datasets for file in dataset.files]
