"""What is forgotten leaves nothing behind, and nothing else goes with it."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fer_core
from fer_core.errors import InputError
from fer_core.exports import export
from fer_core.forget import forget
from fer_core.report.pages import write_report
from fer_core.sample_week import make_sample_week
from tests.cli.command import fer

DOOR = "/archive/door/20261102_080000.mp4"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The week with a report, exports and two connections to cameras."""
    make_sample_week(tmp_path / "week")
    out = tmp_path / "week"
    write_report(out)
    export(out, "srt")
    (out / "streams").mkdir()
    starts = [datetime(2026, 11, day, tzinfo=UTC) for day in (2, 3)]
    pq.write_table(
        pa.table({"camera": ["door", "hall"], "started_at": starts}),
        out / "streams" / "connections.parquet",
    )
    return out


def everything(out: Path) -> str:
    """All that the files say, their names included."""
    tables = [pq.read_table(path).to_pylist() for path in sorted(out.rglob("*.parquet"))]
    pages = [
        path.read_text() for path in sorted(out.rglob("*.*")) if path.suffix in (".html", ".json")
    ]
    return "\n".join([*map(str, tables), *pages, *map(str, sorted(out.rglob("*")))])


def test_a_camera_is_gone_from_everywhere(out: Path) -> None:
    gone = forget(out, camera="door")
    assert (gone.records, gone.videos, gone.streams, gone.exports, gone.pages) == (4, 4, 1, 4, 8)
    left = everything(out)
    assert "door" not in left
    assert "hall" in left
    assert len(fer_core.videos(out)) == 4


def test_a_video_is_gone_and_others_stay(out: Path) -> None:
    before = len(fer_core.load_records(out))
    [video_id] = fer_core.load_records(out, ["video_id"], sources=DOOR).video_id.unique()
    unfinished = out / ".work" / video_id
    unfinished.mkdir(parents=True)
    (unfinished / "0.parquet").touch()
    gone = forget(out, source=DOOR)
    assert gone.sources == (DOOR,)
    assert not unfinished.exists()
    assert len(fer_core.load_records(out)) == before - gone.rows
    assert DOOR not in everything(out)
    assert "/archive/door/20261102_130000.mp4" in everything(out)
    assert str(forget(out, source=DOOR)) == "nothing to remove"


def test_a_day_is_gone(out: Path) -> None:
    gone = forget(out, day=date(2026, 11, 2))
    assert (gone.videos, gone.streams) == (4, 1)
    assert fer_core.load_records(out).captured_at.min() >= datetime(2026, 11, 3, tzinfo=UTC)
    assert not (out / "records" / "date=2026-11-02").exists()
    assert "20261102" not in everything(out)


def test_records_without_a_row_in_the_ledger_are_found(out: Path) -> None:
    shutil.rmtree(out / "videos")
    (out / "videos").mkdir()
    assert forget(out, camera="hall").records == 3
    assert set(fer_core.load_records(out).camera) == {"door"}


def test_what_to_forget_has_to_be_said_once(out: Path) -> None:
    with pytest.raises(InputError, match="exactly one"):
        forget(out)
    with pytest.raises(InputError, match="exactly one"):
        forget(out, camera="door", source=DOOR)


def test_the_command_says_what_it_removed(out: Path) -> None:
    result = fer("forget", out, "--source", DOOR)
    assert result.stdout.splitlines() == [
        "removed: 1 records, 400 rows, 1 videos, 1 exports, 2 pages",
        f"  {DOOR}",
    ]
    assert fer("forget", out, "--date", "tomorrow").returncode == 2
