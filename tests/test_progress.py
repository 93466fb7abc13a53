"""What the bar is told, whatever the files do meanwhile."""

from pathlib import Path

import pytest

from fer_core.ledger import Decision, Todo
from fer_core.progress import Board
from fer_core.types import Chunk, Progress, VideoRef


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def video(sample_videos: list[Path]) -> VideoRef:
    return VideoRef.of(sample_videos[0])


def drawn(board: Board, capsys: pytest.CaptureFixture[str]) -> str:
    """The last state of the bar."""
    board.close()
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_video_that_came_after_the_plan_counts(
    video: VideoRef, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board([], render=False, visible=True)
    report = board.reporter(video)
    report(Progress("analyse", 1.0, frames=5, faces=5))
    board.left(video)
    board.finished(video)
    assert "1/1 videos" in drawn(board, capsys)


def test_chunks_fill_the_bar_together(video: VideoRef, capsys: pytest.CaptureFixture[str]) -> None:
    board = Board([Decision(video, Todo.ANALYSE, None)], render=True, visible=True)
    for index in (1, 0):
        chunk = Chunk(index, 2, None, None, 4.0 * index, 4.0 * index + 4.0)
        board.reporter(video, chunk)(Progress("analyse", 4.0, frames=20, faces=20, duration_s=4.0))
        board.left(video, chunk)
    report = board.reporter(video)
    report(Progress("track", 4.0, frames=20, faces=20))
    report(Progress("render", 8.0))
    board.left(video)
    board.finished(video)
    line = drawn(board, capsys)
    assert "100% |" in line
    assert "1/1 videos, 0:00:08 media" in line


def test_a_video_that_is_analysed_although_only_its_rendering_was_planned_counts(
    video: VideoRef, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board([Decision(video, Todo.RENDER, None)], render=True, visible=True)
    report = board.reporter(video)
    report(Progress("analyse", 1.0, frames=5, faces=5))  # its records are damaged, say
    report(Progress("render", 1.0))
    board.left(video)
    board.finished(video)
    assert "1/1 videos" in drawn(board, capsys)
