"""`fer query`: SQL over the records."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from fer_core.cli.options import Debug

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How an answer is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def query(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="What fer process --out was given.")
    ],
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One SELECT over records, videos, streams.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="json is one object a line.")
    ] = Format.table,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to a file.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Ask the dataset in DIR by SQL (DuckDB's). Reads it, and nothing else."""
    from fer_core.atomic import atomic_file
    from fer_core.queries.sql import query as run

    reader = run(directory, sql)
    if out is None:
        if form is Format.parquet and sys.stdout.isatty():
            raise typer.BadParameter("Parquet is no text: expected --out FILE")
        _write(reader, form, sys.stdout.buffer)
        return
    with atomic_file(out) as temporary, temporary.open("wb") as file:
        _write(reader, form, file)


def _write(reader: "pa.RecordBatchReader", form: Format, file: BinaryIO) -> None:
    if form is Format.parquet:
        # A writer of Parquet asks where it is, which a pipe cannot say.
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(reader.read_all(), sink, compression="zstd")
        file.write(sink.getvalue())
    elif form is Format.table:
        file.write(f"{_text(reader.read_pandas())}\n".encode())
    else:
        for index, batch in enumerate(reader):
            file.write(_lines(batch.to_pandas(), form, header=index == 0).encode())
    file.flush()


def _text(table: Any) -> str:
    if not len(table):
        return "no rows: " + ", ".join(table.columns)
    return table.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.6g}")


def _lines(table: Any, form: Format, *, header: bool) -> str:
    if form is Format.csv:
        return table.to_csv(index=False, header=header)
    return table.to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
