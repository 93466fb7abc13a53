"""How a run ends, what it tries again, whose GPU it waits for, and what it leaves to look at."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import State

from fer_core.batch import BatchSummary
from fer_core.config import ProcessConfig
from fer_core.errors import ConfigError
from fer_core.progress import Board
from fer_core.types import Chunk, OnProgress, VideoRef
from flows.process_videos import process_videos
from flows.worker import Session, session

FAST: dict[str, Any] = {
    "sample": {"fps": 2},
    "render": {"enabled": False},
    "report": {"enabled": False},
    "device": "cpu",
    "workers": 1,
}


def run(folder: Path, out: Path, **more: Any) -> State[BatchSummary]:
    config = ProcessConfig.model_validate(FAST | more)
    return process_videos([str(folder)], str(out), config, return_state=True)


class Watched(Board):
    """Calls a function with the name of each video that is begun."""

    def __init__(self, begun: Callable[[str], None]) -> None:
        super().__init__([], render=False, visible=False)
        self._begun = begun

    def reporter(self, video: VideoRef, chunk: Chunk | None = None) -> OnProgress:
        self._begun(video.path.name)
        return super().reporter(video, chunk)


@contextmanager
def watching(begun: Callable[[str], None]) -> Iterator[None]:
    token = session.set(Session(board=Watched(begun)))
    try:
        yield
    finally:
        session.reset(token)


@pytest.fixture
def mixed(tmp_path: Path, sample_videos: list[Path]) -> Path:
    """A directory with a video that has a face, and a file that is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(sample_videos[0], folder / "good.mp4")
    (folder / "bad.mp4").write_text("no video")
    return folder


@pytest.mark.parametrize(
    ("rate", "name"),
    [(0.0, "Failed"), (0.49, "Failed"), (0.5, "Completed with failures")],
)
def test_the_failure_rate_says_when_a_run_has_failed(
    mixed: Path, tmp_path: Path, rate: float, name: str
) -> None:
    state = run(mixed, tmp_path / "out", max_failure_rate=rate)
    assert (state.name, state.message) == (name, "1 ok, 0 partial, 1 failed")


def test_what_comes_back_is_tried_again(mixed: Path, tmp_path: Path) -> None:
    """A network disk goes away as the video begins, and is there again at the second attempt."""
    video, away = mixed / "good.mp4", tmp_path / "away.mp4"
    (mixed / "bad.mp4").unlink()
    begun: list[str] = []

    def disk(name: str) -> None:
        begun.append(name)
        if len(begun) == 1:
            os.rename(video, away)
        else:
            os.rename(away, video)

    with watching(disk):
        state = run(mixed, tmp_path / "out", retries=1, retry_wait_s=0)
    assert (state.name, state.message) == ("Completed", "1 ok, 0 partial, 0 failed")
    assert begun == ["good.mp4", "good.mp4"]


def test_what_stays_away_is_tried_so_often_and_what_is_broken_once(
    mixed: Path, tmp_path: Path
) -> None:
    gone = mixed / "gone.mp4"
    shutil.copy(mixed / "good.mp4", gone)
    begun = Counter[str]()

    def disk(name: str) -> None:
        begun[name] += 1
        if name == gone.name:
            gone.unlink(missing_ok=True)

    with watching(disk):
        state = run(mixed, tmp_path / "out", retries=2, retry_wait_s=0)
    assert (state.name, state.message) == ("Completed with failures", "1 ok, 0 partial, 2 failed")
    assert begun == {"good.mp4": 1, "bad.mp4": 1, "gone.mp4": 3}


def artifact(state: State[BatchSummary], key: str) -> str:
    """What a run left under a key, as Prefect gives it back."""
    flow_run = state.state_details.flow_run_id
    assert isinstance(flow_run, UUID)
    with get_client(sync_client=True) as client:
        [found] = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run]),
                key=ArtifactFilterKey(any_=[key]),
            )
        )
    return str(found.data)


def test_a_run_leaves_a_table_a_summary_and_its_progress(mixed: Path, tmp_path: Path) -> None:
    state = run(mixed, tmp_path / "out")
    bad, good = json.loads(artifact(state, "videos"))
    assert (bad["video"], bad["status"], bad["faces"]) == ("bad.mp4", "failed", 0)
    assert "expected a video file" in bad["error"]
    assert (good["video"], good["status"], good["error"]) == ("good.mp4", "ok", None)
    assert good["faces"] > 0

    summary = artifact(state, "summary")
    assert f"2 videos done in this run: 0.00 h of media, {good['faces']} faces." in summary
    assert "All of INPUT: 1 ok, 0 partial, 1 failed, 0 pending." in summary
    shares = [line.split("|")[1:3] for line in summary.splitlines() if line.endswith("% |")]
    assert sum(float(share.strip(" %")) for _, share in shares) == pytest.approx(100, abs=0.5)

    assert float(artifact(state, "progress")) == 100.0


def test_a_gpu_limit_that_does_not_exist_is_one_clear_line(mixed: Path, tmp_path: Path) -> None:
    state = run(mixed, tmp_path / "out", gpu_limit="nowhere", device="auto")
    with pytest.raises(ConfigError, match="`prefect gcl create nowhere --limit 1`") as caught:
        state.result()
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out" / "videos").exists()


def test_a_run_holds_its_gpu_while_it_works(mixed: Path, tmp_path: Path) -> None:
    with get_client(sync_client=True) as client:
        limit = GlobalConcurrencyLimitCreate(name="gpu", limit=1, active=True)
        client.create_global_concurrency_limit(limit)

    def slots() -> int | None:
        with get_client(sync_client=True) as client:
            return client.read_global_concurrency_limit_by_name("gpu").active_slots

    held: list[int | None] = []
    with watching(lambda _: held.append(slots())):
        run(mixed, tmp_path / "auto", gpu_limit="gpu", device="auto")
        assert (held, slots()) == ([1, 1], 0)
        run(mixed, tmp_path / "cpu", gpu_limit="gpu", device="cpu")
    assert (held[2:], slots()) == ([0, 0], 0)
