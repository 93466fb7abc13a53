"""What `fer status` tells of a directory."""

import json
from pathlib import Path

import pytest

from fer_core.chunks import Made, Workspace, note
from fer_core.errors import InputError
from fer_core.forget import forget
from fer_core.ledger import VideoSummary, fingerprint, write_row
from fer_core.status import Share, status
from fer_core.types import Chunk, FrameFaces, VideoRef
from tests.cli.command import fer
from tests.clips import Clip, write


def row_of(path: Path, status: str, **values: object) -> VideoSummary:
    """A row of an hour, of the file as it is."""
    video, (size, mtime) = VideoRef.of(path), fingerprint(path)
    known = {"duration_s": 3600.0, "settings_hash": "a", "size": size, "mtime": mtime}
    return VideoSummary(video.video_id, video.source, status, **known | values)


def keep_chunks(out: Path, row: VideoSummary, count: int, indices: list[int]) -> None:
    for index in indices:
        chunk = Chunk(index, count, None, None, 0.0, 600.0)
        mtime = row.mtime and row.mtime.isoformat()
        made = Made(row.source, row.settings_hash, row.size, mtime, chunk, row.duration_s)
        with Workspace(out, row).writing(chunk, 0.0) as writer:
            writer.write(FrameFaces(0, 0, 0.0))
            note(writer, made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "long.mp4"):
        write(Clip(name), tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def out(folder: Path, tmp_path: Path) -> Path:
    """One video of each kind: done, done before it changed, broken, failed by chance, in work."""
    out = tmp_path / "out"
    write_row(out, row_of(folder / "a.mp4", "ok"))
    write_row(out, row_of(folder / "b.mp4", "ok", size=1))
    write_row(out, row_of(folder / "c.mp4", "failed", duration_s=None))
    write_row(out, row_of(folder / "d.mp4", "failed", settings_hash=None))
    keep_chunks(out, row_of(folder / "long.mp4", "failed", duration_s=36_000.0), 60, [0, 7])
    return out


def test_all_kinds_are_counted_with_their_length(out: Path, folder: Path) -> None:
    found = status(out, [str(folder)])
    assert found.done == Share(2, 7200.0)
    assert found.partial == Share(0, 0.0)
    assert found.failed == Share(2, 3600.0)
    assert found.in_work == Share(1, 36_000.0)
    assert (found.chunks_done, found.chunks) == (2, 60)
    assert found.pending == Share(2, 2.0)
    assert status(out).pending is None


def test_chunks_that_a_kill_left_of_a_finished_video_are_not_in_work(
    out: Path, folder: Path
) -> None:
    write_row(out, row_of(folder / "long.mp4", "ok"))
    found = status(out)
    assert (found.done.videos, found.in_work.videos) == (3, 0)


def test_the_command_says_it_in_lines_and_as_json(out: Path, folder: Path) -> None:
    lines = fer("status", out, folder).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["done", "partial", "failed", "in", "pending"]
    assert lines[3].endswith("1 videos       10.00 h  2 of 60 chunks done")
    values = json.loads(fer("status", out, "--json").stdout)
    assert values["in_work"] == {"videos": 1, "media_s": 36_000.0}
    assert values["pending"] is None


def test_what_is_no_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        status(tmp_path / "nowhere")


def test_chunks_are_forgotten_too(out: Path, folder: Path) -> None:
    assert forget(out, source=folder / "a.mp4").chunks == 0
    assert forget(out, source=folder / "long.mp4").chunks == 2
    assert status(out).in_work.videos == 0
