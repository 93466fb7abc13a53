"""The flow as Python code calls it, on its embedded server."""

import shutil
import threading
import time
from pathlib import Path
from uuid import UUID

import pyarrow.dataset as ds
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State
from prefect.exceptions import ParameterTypeError

from fer_core.batch import BatchSummary, plan
from fer_core.config import ClassifyConfig, ProcessConfig, SampleConfig
from fer_core.engine import ModelIds
from fer_core.errors import ConfigError, InputError, ModelError
from fer_core.jobs import Cut, Job
from fer_core.ledger import VideoSummary, read_rows
from fer_core.progress import Board
from fer_core.types import Chunk, OnProgress, VideoRef
from fer_core.worker.networks import engine_for
from flows.process_videos import TooManyFailed, process_videos
from flows.video_tasks import Jobs, process_group
from flows.worker import Session, session
from tests.clips import Clip, write

FAST = ProcessConfig.model_validate(
    {"sample": {"fps": 2}, "render": {"enabled": False}, "device": "cpu", "workers": 2}
)


@pytest.fixture
def folder(tmp_path: Path, sample_videos: list[Path]) -> Path:
    directory = tmp_path / "in"
    directory.mkdir()
    shutil.copy(sample_videos[0], directory / "good.mp4")
    return directory


def run(folder: Path, out: Path, config: ProcessConfig = FAST):
    return process_videos([str(folder)], str(out), config, return_state=True)


def test_all_ok_is_completed_and_a_second_run_does_nothing(folder: Path, tmp_path: Path) -> None:
    first = run(folder, tmp_path / "out")
    assert (first.name, first.message) == ("Completed", "1 ok, 0 partial, 0 failed")
    rows = read_rows(tmp_path / "out")
    second = run(folder, tmp_path / "out").result()
    assert (second.videos, second.ok, second.done_before) == (1, 1, 1)
    assert read_rows(tmp_path / "out") == rows


def test_a_long_video_is_done_in_chunks(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.mp4").write_text("no video")
    run(folder, tmp_path / "whole")
    state = run(folder, tmp_path / "chunks", FAST.model_copy(update={"chunk_s": 3.0}))
    assert state.message == "1 ok, 0 partial, 1 failed"
    parts = {f"good.mp4 (chunk {number} of 3)" for number in (1, 2, 3)}
    names = {"bad.mp4", "good.mp4", "good.mp4 (all chunks)", *parts}
    assert task_names(state, names) == names
    found, expected = (
        ds.dataset(tmp_path / name / "records").to_table(columns=["pts", "frame_index", "track_id"])
        for name in ("chunks", "whole")
    )
    assert found.equals(expected)
    assert not list((tmp_path / "chunks" / ".work").iterdir())


def test_a_bad_file_never_fails_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.mp4").write_text("no video")
    state = run(folder, tmp_path / "out")
    assert (state.name, state.is_completed()) == ("Completed with failures", True)
    summary = state.result()
    assert (summary.ok, summary.failed, summary.exit_code) == (1, 1, 1)
    assert [Path(problem.source).name for problem in summary.problems] == ["bad.mp4"]


def task_names(state: State[BatchSummary], expected: set[str]) -> set[str]:
    """Names of a flow run's task runs, once they are those; the server hears of them late."""
    flow_run = state.state_details.flow_run_id
    assert isinstance(flow_run, UUID)
    names = set[str]()
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while names != expected and time.monotonic() < deadline:
            tasks = client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
            )
            names = {task.name for task in tasks}
            time.sleep(0.1)
    return names


def test_task_runs_are_named_after_their_files(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "{bad}.mp4").touch()
    state = run(folder, tmp_path / "out")
    expected = {"good.mp4", "sub/{bad}.mp4"}
    assert task_names(state, expected) == expected


def test_many_small_videos_share_tasks(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(16):
        (folder / f"{number:02}.mp4").touch()
    write(Clip("16.mp4"), folder)
    one = FAST.model_copy(update={"workers": 1})
    state = run(folder, tmp_path / "out", one)
    assert state.message == "1 ok, 0 partial, 16 failed"
    pairs = {f"{n:02}.mp4 … {n + 1:02}.mp4 (2 videos)" for n in range(0, 16, 2)}
    assert task_names(state, pairs | {"16.mp4"}) == pairs | {"16.mp4"}


@pytest.fixture
def three(tmp_path: Path) -> Jobs:
    """A group of two good videos with a faulty one between them."""
    paths = [write(Clip("a.mp4"), tmp_path), tmp_path / "b.mp4", write(Clip("c.mp4"), tmp_path)]
    paths[1].write_text("no video")
    return tuple(map(Job, plan(list(map(str, paths)), tmp_path / "out", FAST)))


def run_group(group: Jobs, out: Path) -> State[list[VideoSummary | Cut]]:
    """The state of a group's task."""
    states: list[State[list[VideoSummary | Cut]]] = []

    @flow
    def one_task() -> None:
        states.append(process_group("three", group, out, FAST, return_state=True))

    one_task()
    return states[0]


def test_a_faulty_video_fails_alone_in_its_group(three: Jobs, tmp_path: Path) -> None:
    state = run_group(three, tmp_path / "out")
    assert (state.name, state.is_completed()) == ("Completed with failures", True)
    counts, _, problem = str(state.message).partition("; ")
    assert counts == "2 ok, 0 partial, 1 failed"
    assert problem.startswith(f"failed: {three[1].decision.video.source}: expected a video file")
    assert [row.status for row in state.result()] == ["ok", "failed", "ok"]
    assert {row.video_id: row for row in state.result()} == read_rows(tmp_path / "out")


class StopAtSecond(Board):
    """Asks its run to stop when the second video begins."""

    def __init__(self, work: Jobs, stop: threading.Event) -> None:
        super().__init__([job.decision for job in work], render=False, visible=False)
        self.begun: list[str] = []
        self._stop = stop

    def reporter(self, video: VideoRef, chunk: Chunk | None = None) -> OnProgress:
        self.begun.append(video.path.name)
        if len(self.begun) == 2:
            self._stop.set()
        return super().reporter(video, chunk)


def test_a_stop_ends_a_group_and_keeps_what_is_done(three: Jobs, tmp_path: Path) -> None:
    group = (three[0], three[2], three[1])
    stop = threading.Event()
    board = StopAtSecond(group, stop)
    token = session.set(Session(stop, board))
    try:
        state = run_group(group, tmp_path / "out")
    finally:
        session.reset(token)
    assert (state.is_cancelled(), state.message) == (True, "stopped after 1 of 3")
    assert board.begun == ["a.mp4", "c.mp4"]
    [row] = read_rows(tmp_path / "out").values()
    assert (Path(row.source).name, row.status) == ("a.mp4", "ok")


def test_only_failures_is_failed(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").touch()
    state = run(tmp_path / "bad.mp4", tmp_path / "out")
    assert state.is_failed()
    with pytest.raises(TooManyFailed, match="1 of 1 videos") as caught:
        state.result()
    assert caught.value.summary.failed == 1


def test_an_unexpected_fault_is_a_failed_video_and_tried_again(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "records").write_text("a file where a directory should be")
    with pytest.raises(TooManyFailed) as caught:
        run(folder, out).result()
    summary = caught.value.summary
    assert (summary.ok, summary.failed) == (0, 1)
    assert "Error: " in summary.problems[0].error
    assert [row.status for row in read_rows(out).values()] == ["failed"]
    (out / "records").unlink()
    assert run(folder, out).result().ok == 1


def test_settings_may_be_a_dict(folder: Path, tmp_path: Path) -> None:
    summary = process_videos([str(folder)], str(tmp_path / "out"), FAST.model_dump())
    assert summary.ok == 1
    with pytest.raises(ParameterTypeError, match="pfs"):
        process_videos([str(folder)], str(tmp_path / "out"), {"sample": {"pfs": 2}})


def test_networks_are_shared_by_settings_that_ask_for_the_same_ones() -> None:
    other = FAST.model_copy(update={"sample": SampleConfig(fps=1)})
    flipped = FAST.model_copy(update={"classify": ClassifyConfig(flip=True)})
    first, second, third = (engine_for(config) for config in (FAST, other, flipped))
    assert second.detector is first.detector
    assert third.classifier is not first.classifier
    for config, engine in ((FAST, first), (other, second), (flipped, third)):
        assert engine.settings_hash == ModelIds.of(config).settings_hash


def test_what_no_video_is_to_blame_for_ends_the_run(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    with pytest.raises(InputError):
        process_videos([str(tmp_path / "missing")], out, FAST)
    unknown = ProcessConfig.model_validate({"classify": {"model": "nobody"}})
    with pytest.raises(ModelError):
        process_videos([str(folder)], out, unknown)
    assert read_rows(tmp_path / "out") == {}


def test_a_device_that_is_not_there_ends_the_run(folder: Path, tmp_path: Path) -> None:
    config = ProcessConfig(device="gpu")
    try:
        engine_for(config)
    except ConfigError:
        with pytest.raises(ConfigError, match="GPU"):
            process_videos([str(folder)], str(tmp_path / "out"), config)
    else:
        pytest.skip("this machine has a GPU, so asking for one is no error")


def test_the_number_of_workers_changes_nothing(sample_videos: list[Path], tmp_path: Path) -> None:
    tables = []
    for workers in (1, 3):
        config = FAST.model_copy(update={"workers": workers})
        inputs = [str(video) for video in sample_videos]
        process_videos(inputs, str(tmp_path / str(workers)), config)
        table = ds.dataset(tmp_path / str(workers) / "records").to_table()
        tables.append(table.sort_by([("video_id", "ascending"), ("pts", "ascending")]))
    assert tables[0].column("track_id").equals(tables[1].column("track_id"))
    assert tables[0].num_rows == tables[1].num_rows > 0
