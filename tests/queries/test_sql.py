"""SQL over the made-up week: what it answers, and what it cannot reach."""

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fer_core
from fer_core.errors import QueryError, RecordsError
from fer_core.queries.sql import query
from fer_core.schema import RECORDS, STREAMS, VIDEOS
from fer_core.streams.log import StreamLog
from tests.cli.command import fer


def rows(week: Path, sql: str) -> list[dict]:
    return query(week, sql).read_all().to_pylist()


def test_sql_and_pandas_agree(week: Path) -> None:
    counted = rows(
        week,
        "SELECT emotion::VARCHAR AS emotion, count(*) AS faces FROM records "
        "WHERE emotion IS NOT NULL AND camera = 'hall' GROUP BY ALL",
    )
    records = fer_core.load_records(week).query("camera == 'hall'")
    expected = records.emotion.value_counts()
    assert {row["emotion"]: row["faces"] for row in counted} == {
        name: count for name, count in expected.items() if count
    }


def test_emotions_compare_as_text(week: Path) -> None:
    [row] = rows(week, "SELECT count(*) AS n FROM records WHERE emotion = 'happy'")
    assert row["n"] == len(fer_core.load_records(week, emotions="happy")) > 0


def test_videos_join_records(week: Path) -> None:
    found = rows(
        week,
        "SELECT v.source, v.status, count(r.face_index) AS faces FROM videos v "
        "LEFT JOIN records r USING (video_id) GROUP BY ALL HAVING faces = 0",
    )
    assert [row["status"] for row in found] == ["failed"]


@pytest.mark.parametrize(
    ("view", "schema"), [("records", RECORDS), ("videos", VIDEOS), ("streams", STREAMS)]
)
def test_views_have_the_columns_that_are_documented(
    week: Path, tmp_path: Path, view: str, schema: pa.Schema
) -> None:
    (tmp_path / "streams").mkdir()
    for directory in (week, tmp_path):
        columns = rows(directory, f"DESCRIBE {view}")
        assert [column["column_name"] for column in columns] == schema.names


def test_what_is_not_there_is_empty(week: Path, tmp_path: Path) -> None:
    assert rows(week, "FROM streams") == []
    StreamLog(tmp_path / "streams", "door", "door").end("refused")
    assert rows(tmp_path, "FROM videos") == rows(tmp_path, "FROM records") == []
    [seen] = rows(tmp_path, "FROM streams")
    assert (seen["camera"], seen["ended"]) == ("door", "refused")


def test_a_directory_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="holds no dataset"):
        query(tmp_path, "FROM videos")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "FROM glob('/*')",
        "FROM read_parquet('{week}/videos/*.parquet')",
        "COPY records TO '{week}/copy.csv'",
        "ATTACH '{week}/new.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW records",
        "DELETE FROM videos",
        "EXPORT DATABASE '{week}/all'",
        "SELECT 1; SELECT 2",
        "",
        "SELEC 1",
        "SELECT nothing FROM records",
        "SELECT * FROM week",
    ],
)
def test_sql_reaches_the_dataset_and_nothing_else(week: Path, sql: str) -> None:
    before = sorted(week.rglob("*"))
    with pytest.raises(QueryError):
        query(week, sql.format(week=week)).read_all()
    assert sorted(week.rglob("*")) == before


ASK = "SELECT source, faces, captured_at FROM videos WHERE faces > 400 ORDER BY faces"


def test_the_command_prints_a_table(week: Path) -> None:
    result = fer("query", week, ASK)
    assert (result.returncode, result.stderr) == (0, "")
    header, *lines = result.stdout.splitlines()
    assert header.split() == ["source", "faces", "captured_at"]
    assert [int(line.split()[1]) for line in lines] == sorted(
        faces for faces in fer_core.videos(week).faces if faces > 400
    )


def test_the_command_writes_csv_json_and_parquet(week: Path, tmp_path: Path) -> None:
    faces = [row["faces"] for row in rows(week, ASK)]
    csv = fer("query", week, ASK, "--format", "csv").stdout
    assert list(pd.read_csv(io.StringIO(csv)).faces) == faces
    lines = fer("query", week, ASK, "--format", "json").stdout.splitlines()
    assert [json.loads(line)["faces"] for line in lines] == faces
    fer("query", week, ASK, "--format", "parquet", "--out", tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet")["faces"].to_pylist() == faces


def test_sql_that_cannot_be_run_is_one_line_and_exit_2(week: Path) -> None:
    result = fer("query", week, "SELECT mood FROM records")
    assert result.returncode == 2
    assert result.stderr.startswith("fer: the SQL cannot be run: Binder Error")
    assert len(result.stderr.splitlines()) == 1
