"""Records written and read back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core import load_records
from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.errors import RecordsError
from fer_core.records import open_records, record_filter
from fer_core.schema import RECORDS
from fer_core.types import FrameFaces
from tests.examples import tracked_frame, video, write_records


def certain(frame: FrameFaces, emotion: str) -> FrameFaces:
    """The same faces, all of them sure to show one emotion."""
    one_hot = np.eye(7, dtype=np.float32)[EMOTIONS.index(emotion)]
    return replace(frame, probabilities=np.tile(one_hot, (len(frame.faces), 1)))


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two videos: one of two days ago with known times, one without."""
    frames = [tracked_frame(index, index % 3) for index in range(100)]
    write_records(tmp_path, video("door.mp4"), frames, NOON)
    write_records(tmp_path, video("hall.mp4"), frames)
    return tmp_path


@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=20), seed=st.integers(0, 1000))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], seed: int
) -> None:
    out = tmp_path_factory.mktemp("out")
    frames = [tracked_frame(index, count, seed) for index, count in enumerate(counts)]
    write_records(out, video(), frames)
    table = load_records(out)
    assert len(table) == sum(max(1, count) for count in counts)
    for index, (frame, track_ids) in enumerate(frames):
        rows = table[table.frame_index == index]
        faces = rows.dropna(subset=["face_index"])
        assert (rows.pts == frame.pts).all()
        assert (rows.time_s == frame.time_s).all()
        assert len(faces) == len(track_ids)
        np.testing.assert_array_equal(faces.track_id, track_ids)
        np.testing.assert_array_equal(
            faces[["box_x", "box_y", "box_w", "box_h"]].to_numpy(np.float32), frame.faces.boxes
        )
        np.testing.assert_array_equal(
            faces[list(PROBABILITY_COLUMNS)].to_numpy(np.float32), frame.probabilities
        )
        best = frame.probabilities.argmax(axis=1)
        assert list(faces.emotion) == [EMOTIONS[k] for k in best]


def test_files_lie_by_the_day_of_capture_with_schema_and_statistics(out: Path) -> None:
    known = out / "records" / "date=2026-11-01" / f"{video('door.mp4').video_id}.parquet"
    assert (out / "records" / "date=unknown" / f"{video('hall.mp4').video_id}.parquet").is_file()
    file = pq.ParquetFile(known)
    assert file.schema_arrow.names == RECORDS.names
    column = file.metadata.row_group(0).column(RECORDS.get_field_index("time_s"))
    assert column.compression == "ZSTD"
    assert column.statistics.max == pytest.approx(99 / 25)


def test_wall_clock_follows_the_time_stamps(out: Path) -> None:
    table = load_records(out, columns=["time_s", "captured_at"], sources=["/archive/door.mp4"])
    elapsed = (table.captured_at - NOON).dt.total_seconds()
    np.testing.assert_allclose(elapsed, table.time_s, atol=1e-6)


def test_filters_leave_what_was_asked_for(out: Path) -> None:
    happy = load_records(out, emotions=["happy", "sad"], min_confidence=0.2)
    assert set(happy.emotion) <= {"happy", "sad"}
    assert happy.confidence.min() >= 0.2
    everything = load_records(out)
    expected = everything[
        everything.emotion.isin(["happy", "sad"]) & (everything.confidence >= 0.2)
    ]
    assert len(happy) == len(expected) > 0


def test_a_single_name_or_path_will_do(out: Path) -> None:
    one = load_records(out, sources="/archive/door.mp4", emotions="happy")
    same = load_records(out, sources=[Path("/archive/door.mp4")], emotions=["happy"])
    assert len(one) == len(same) > 0


def test_rows_without_a_face_stay_unless_faces_are_asked_for(out: Path) -> None:
    assert load_records(out).face_index.isna().sum() == 68
    assert load_records(out, min_confidence=0.0).face_index.notna().all()
    assert load_records(out, emotions=list(EMOTIONS)).face_index.notna().all()


def test_times_bound_from_below_inclusively_and_from_above_exclusively(out: Path) -> None:
    table = load_records(out, since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=2))
    assert set(table.source) == {"/archive/door.mp4"}
    assert (table.time_s.min(), table.time_s.max()) == (1.0, 49 / 25)


def test_times_without_a_zone_are_utc(out: Path) -> None:
    aware = load_records(out, since=NOON + timedelta(seconds=2))
    naive = load_records(out, since=(NOON + timedelta(seconds=2)).replace(tzinfo=None))
    assert len(aware) == len(naive) > 0


def test_filters_skip_files_and_row_groups_that_cannot_match(tmp_path: Path) -> None:
    frames = [tracked_frame(index, 1) for index in range(40_000)]
    write_records(tmp_path, video("long.mp4"), frames, NOON)
    write_records(tmp_path, video("other.mp4"), frames[:10], NOON)

    def row_groups(condition: object) -> int:
        fragments = open_records(tmp_path).get_fragments(filter=condition)
        return sum(len(part.split_by_row_group(condition)) for part in fragments)

    assert row_groups(None) == 4
    assert row_groups(record_filter(sources=["/archive/other.mp4"])) == 1
    assert row_groups(record_filter(since=NOON + timedelta(seconds=39_000 / 25))) == 1
    assert row_groups(record_filter(until=NOON + timedelta(seconds=10))) == 2
    assert row_groups(record_filter(min_confidence=1.1)) == 0
    assert row_groups(record_filter(emotions=["happy"])) == 4
    surprised = [(certain(frame, "surprise"), ids) for frame, ids in frames[:100]]
    write_records(tmp_path, video("surprised.mp4"), surprised, NOON)
    assert row_groups(record_filter(emotions=["happy"])) == 4
    assert row_groups(record_filter(emotions=["surprise"])) == 5
    assert row_groups(record_filter(emotions=[])) == 0


def test_a_wrong_column_or_directory_is_said(out: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="no column mood; expected some of video_id, "):
        load_records(out, columns=["mood"])
    with pytest.raises(RecordsError, match="holds no records"):
        load_records(tmp_path / "nowhere")
    with pytest.raises(RecordsError, match="no emotion joy; expected some of angry, "):
        load_records(out, emotions=["joy"])
