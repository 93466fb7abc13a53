"""The flow of a night: it ends between two chunks, and the next one goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core import load_records
from fer_core.batch import BatchSummary
from fer_core.progress import Board
from fer_core.status import status
from fer_core.types import Chunk, OnProgress, VideoRef
from flows.nightly import nightly
from flows.process_videos import process_videos
from flows.worker import Session, session

FAST: dict[str, Any] = {
    "sample": {"fps": 2},
    "select": {"settle_s": 0},
    "report": {"enabled": False},
    "device": "cpu",
    "workers": 1,
    "chunk_s": 3,
}


class Clock(Board):
    """Strikes when so many chunks have begun."""

    def __init__(self, chunks: int) -> None:
        super().__init__([], render=False, visible=False)
        self._missing = chunks

    def reporter(self, video: VideoRef, chunk: Chunk | None = None) -> OnProgress:
        self._missing -= chunk is not None
        return super().reporter(video, chunk)

    @property
    def has_struck(self) -> bool:
        return self._missing <= 0


@dataclass(frozen=True)
class Night(Session):
    """A session that is over when its clock strikes: no test waits for a real one."""

    @property
    def is_over(self) -> bool:
        return isinstance(self.board, Clock) and self.board.has_struck


@contextmanager
def over_after(chunks: int) -> Iterator[None]:
    token = session.set(Night(board=Clock(chunks)))
    try:
        yield
    finally:
        session.reset(token)


def night(archive: Path, out: Path, **rules: Any) -> BatchSummary:
    return nightly(str(archive), str(out), FAST, rules)


def test_a_night_ends_between_chunks_and_the_next_one_goes_on(
    sample_videos: list[Path], tmp_path: Path
) -> None:
    archive, out = sample_videos[0].parent, tmp_path / "out"
    with over_after(chunks=2):
        first = night(archive, out)
    assert (first.ok, first.pending) == (0, 3)
    found = status(out)
    assert (found.chunks_done, found.done.videos) == (2, 0)

    # One that is over before it begins leaves all as it is.
    assert night(archive, out, max_hours=1e-9).pending == 3
    assert status(out) == found

    last = night(archive, out)
    assert (last.ok, last.pending) == (3, 0)
    assert not list((out / ".work").iterdir())
    assert not (out / "annotated").exists()

    whole = FAST | {"chunk_s": 600, "render": {"enabled": False}}
    process_videos([str(archive)], str(tmp_path / "whole"), whole)
    columns = ["video_id", "pts", "frame_index", "face_index", "track_id"]
    pd.testing.assert_frame_equal(
        load_records(out)[columns], load_records(tmp_path / "whole")[columns]
    )


def test_a_night_that_is_given_one_setting_still_renders_nothing(
    sample_videos: list[Path], tmp_path: Path
) -> None:
    video, out = tmp_path / "in" / "a.mp4", tmp_path / "out"
    video.parent.mkdir()
    video.hardlink_to(sample_videos[0])
    nightly(str(video.parent), str(out), {"device": "cpu", "select": {"settle_s": 0}})
    assert status(out).done.videos == 1
    assert not (out / "annotated").exists()
