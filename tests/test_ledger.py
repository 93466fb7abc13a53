"""What is done, as `videos/` says."""

import os
from dataclasses import replace
from pathlib import Path, PurePath

import pyarrow.parquet as pq
import pytest

from fer_core.errors import RecordsError
from fer_core.ledger import (
    Todo,
    VideoSummary,
    decide,
    fingerprint,
    read_rows,
    row_path,
    write_row,
)
from fer_core.schema import SCHEMA_VERSION, VIDEOS
from fer_core.sinks.parquet import records_path
from fer_core.types import VideoRef


@pytest.fixture
def video(tmp_path: Path) -> VideoRef:
    path = tmp_path / "in" / "door.mov"
    path.parent.mkdir()
    path.write_bytes(b"pictures")
    return VideoRef(path, PurePath("day/door.mov"))


def done(out: Path, video: VideoRef, **changes: object) -> VideoSummary:
    """Leaves records and row as of a video that was analysed with the settings "abc"."""
    size, mtime = fingerprint(video.path)
    row = VideoSummary(
        video.video_id, video.source, "ok", settings_hash="abc", size=size, mtime=mtime
    )
    row = replace(row, **changes)
    write_row(out, row)
    records = records_path(out, row.video_id, row.captured_at)
    records.parent.mkdir(parents=True, exist_ok=True)
    records.touch()
    return row


def todo(out: Path, video: VideoRef, settings: str = "abc", render: bool = False) -> Todo:
    return decide([video], out, settings, render)[0].todo


def test_a_new_video_is_analysed(tmp_path: Path, video: VideoRef) -> None:
    assert todo(tmp_path / "out", video) is Todo.ANALYSE


def test_a_done_video_is_left_alone_whatever_its_status(tmp_path: Path, video: VideoRef) -> None:
    for status in ("ok", "partial", "failed"):
        done(tmp_path, video, status=status)
        assert todo(tmp_path, video) is Todo.NOTHING


def test_other_settings_and_a_changed_file_are_analysed_again(
    tmp_path: Path, video: VideoRef
) -> None:
    done(tmp_path, video)
    assert todo(tmp_path, video, settings="xyz") is Todo.ANALYSE
    os.utime(video.path, ns=(0, 1_700_000_000_123_456_789))
    assert todo(tmp_path, video) is Todo.ANALYSE
    done(tmp_path, video)
    assert todo(tmp_path, video) is Todo.NOTHING
    video.path.write_bytes(b"more pictures")
    assert todo(tmp_path, video) is Todo.ANALYSE


def test_a_missing_annotated_video_is_rendered_and_no_more(tmp_path: Path, video: VideoRef) -> None:
    done(tmp_path, video)
    assert todo(tmp_path, video, render=True) is Todo.RENDER
    done(tmp_path, video, annotated="annotated/day/door.mov.mp4")
    assert todo(tmp_path, video, render=True) is Todo.RENDER
    annotated = tmp_path / "annotated" / "day" / "door.mov.mp4"
    annotated.parent.mkdir(parents=True)
    annotated.touch()
    assert todo(tmp_path, video, render=True) is Todo.NOTHING


def test_what_failed_is_not_rendered(tmp_path: Path, video: VideoRef) -> None:
    done(tmp_path, video, status="failed")
    assert todo(tmp_path, video, render=True) is Todo.NOTHING


def test_annotated_videos_keep_their_path_and_never_share_one(tmp_path: Path) -> None:
    first = VideoRef(tmp_path / "a" / "door.MP4", PurePath("door.MP4"))
    second = VideoRef(tmp_path / "b" / "door.MP4", PurePath("door.MP4"))
    names = [str(d.video.relative) for d in decide([first, second], tmp_path, "abc", True)]
    assert names == ["door.MP4", f"door-{second.video_id}.mp4"]
    done(tmp_path, first, annotated="annotated/door.MP4")
    later = decide([second], tmp_path, "abc", True)[0].video
    assert str(later.relative) == names[1]


def test_rows_are_read_as_they_were_written(tmp_path: Path, video: VideoRef) -> None:
    row = done(tmp_path, video, faces=3, fps=29.97, error=None)
    assert read_rows(tmp_path) == {video.video_id: row}
    schema = pq.read_schema(row_path(tmp_path, video.video_id))
    assert schema.equals(VIDEOS)
    assert schema.metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()


def test_a_foreign_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "holiday.mp4").write_bytes(b"no parquet at all")
    with pytest.raises(RecordsError, match="expected rows of this project, got holiday"):
        read_rows(tmp_path)


def test_a_video_whose_records_are_gone_is_analysed_again(tmp_path: Path, video: VideoRef) -> None:
    row = done(tmp_path, video)
    records_path(tmp_path, row.video_id, None).unlink()
    assert todo(tmp_path, video) is Todo.ANALYSE


def test_a_damaged_row_is_one_video_to_do_and_no_more(tmp_path: Path, video: VideoRef) -> None:
    done(tmp_path, video)
    other = VideoRef(tmp_path / "hall.mp4", PurePath("hall.mp4"))
    row_path(tmp_path, other.video_id).write_bytes(b"half")
    (tmp_path / "videos" / "notes.txt").write_text("mine")
    assert todo(tmp_path, video) is Todo.NOTHING
    assert todo(tmp_path, other) is Todo.ANALYSE
