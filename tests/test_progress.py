"""What the bar is told, whatever the files do meanwhile."""

from pathlib import Path

import pytest

from fer_core.ledger import Decision, Todo
from fer_core.pipeline import Progress
from fer_core.progress import Board
from fer_core.types import VideoRef


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
    board.finished(video)
    assert "1/1 videos" in drawn(board, capsys)


def test_a_video_that_is_analysed_although_only_its_rendering_was_planned_counts(
    video: VideoRef, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board([Decision(video, Todo.RENDER, None)], render=True, visible=True)
    report = board.reporter(video)
    report(Progress("analyse", 1.0, frames=5, faces=5))  # its records are damaged, say
    report(Progress("render", 1.0))
    board.finished(video)
    assert "1/1 videos" in drawn(board, capsys)
