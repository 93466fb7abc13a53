"""One video from end to end, on the real networks."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from fer_core import analyse, detect_emotions, load_records
from fer_core.config import ProcessConfig
from fer_core.emotions import PROBABILITY_COLUMNS
from fer_core.engine import Engine
from fer_core.errors import InputError
from fer_core.ledger import Todo, decide, read_rows
from fer_core.pipeline import Progress, process
from fer_core.schema import RECORDS
from fer_core.settings import load_config
from fer_core.types import VideoRef

FAST = ProcessConfig(render=ProcessConfig().render.model_copy(update={"enabled": False}))


@pytest.fixture
def clip(sample_videos: list[Path]) -> Path:
    return sample_videos[0]


def files(directory: Path) -> set[str]:
    return {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}


def test_a_video_becomes_records_an_annotated_video_and_a_row(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    summary = analyse(clip, tmp_path, engine)
    row = f"videos/{summary.video_id}.parquet"
    records = f"records/date=unknown/{summary.video_id}.parquet"
    settings = f"settings/{summary.settings_hash}.json"
    assert files(tmp_path) == {row, records, settings, f"annotated/{clip.name}"}
    assert summary.status == "ok"
    assert summary == read_rows(tmp_path)[summary.video_id]
    table = load_records(tmp_path)
    assert list(table.columns) == RECORDS.names
    assert summary.faces == table.face_index.notna().sum() > 0
    assert summary.tracks == table.track_id.nunique()
    assert summary.frames_sampled == table.pts.nunique()
    faces = table.dropna(subset=["face_index"])
    np.testing.assert_allclose(faces[list(PROBABILITY_COLUMNS)].sum(axis=1), 1, atol=1e-5)
    assert not faces.duplicated(["video_id", "pts", "face_index"]).any()


def test_five_samples_a_second_are_the_first_frames_on_or_after_the_grid(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    with av.open(str(clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    expected = [
        next(time for time in times if time - times[0] >= k / 5 - 1e-9)
        for k in range(int((times[-1] - times[0]) * 5) + 1)
    ]
    analyse(clip, tmp_path, engine, FAST)
    np.testing.assert_allclose(load_records(tmp_path).time_s.unique(), expected, atol=1e-9)


def test_batch_sizes_do_not_change_records(clip: Path, tmp_path: Path) -> None:
    tables = []
    for name, size in (("one", 1), ("seven", 7)):
        config = load_config(
            ProcessConfig,
            overrides=[
                f"detect.batch_size={size}",
                f"classify.batch_size={size}",
                "render.enabled=false",
                "device=cpu",
            ],
        )
        analyse(clip, tmp_path / name, config=config)
        tables.append(load_records(tmp_path / name).drop(columns="landmarks"))
    pd.testing.assert_frame_equal(*tables, rtol=0, atol=1e-3)


def test_a_second_analysis_replaces_the_first_whatever_day_it_falls_on(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    video = tmp_path / "20261101120000.mp4"
    video.write_bytes(clip.read_bytes())
    out = tmp_path / "out"
    analyse(video, out, engine, FAST)
    pattern = {"pattern": r"(?P<time>\d{14})", "timezone": "Europe/Berlin"}
    dated = ProcessConfig.model_validate(FAST.model_dump() | {"archive": pattern})
    summary = analyse(video, out, engine, dated)
    assert summary.captured_at == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert files(out / "records") == {f"date=2026-11-01/{summary.video_id}.parquet"}
    assert load_records(out).captured_at.min() == summary.captured_at


def test_an_unreadable_video_is_a_row_that_says_why(engine: Engine, tmp_path: Path) -> None:
    video = tmp_path / "empty.mp4"
    video.touch()
    summary = analyse(video, tmp_path / "out", engine)
    assert summary.status == "failed"
    assert summary.error
    assert "empty" in summary.error
    assert files(tmp_path / "out") == {f"videos/{summary.video_id}.parquet"}


def test_a_video_that_became_unreadable_leaves_no_old_records(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(clip.read_bytes())
    analyse(video, tmp_path / "out", engine, FAST)
    video.write_bytes(b"")
    summary = analyse(video, tmp_path / "out", engine, FAST)
    settings = f"settings/{summary.settings_hash}.json"
    assert files(tmp_path / "out") == {f"videos/{summary.video_id}.parquet", settings}


def test_a_stop_in_the_middle_leaves_nothing_half(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.frames == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyse(clip, tmp_path, engine, FAST, on_progress=stop)
    assert files(tmp_path) == set()


def test_a_missing_annotated_video_is_rendered_from_the_records_alone(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    config = ProcessConfig()
    first = analyse(clip, tmp_path, engine, config)
    (tmp_path / "annotated" / clip.name).unlink()
    records = next((tmp_path / "records").rglob("*.parquet"))
    written = os.stat(records).st_mtime_ns
    [decision] = decide([VideoRef.of(clip)], tmp_path, engine.settings_hash, render=True)
    assert decision.todo is Todo.RENDER
    row = process(decision, tmp_path, engine, config)
    assert (tmp_path / "annotated" / clip.name).is_file()
    assert os.stat(records).st_mtime_ns == written
    assert row == replace(first, annotated=f"annotated/{clip.name}")


def test_damaged_records_are_made_anew_where_a_video_should_be_rendered_from_them(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    first = analyse(clip, tmp_path, engine, FAST)
    next((tmp_path / "records").rglob("*.parquet")).write_bytes(b"no parquet")
    [decision] = decide([VideoRef.of(clip)], tmp_path, engine.settings_hash, render=True)
    assert decision.todo is Todo.RENDER
    row = process(decision, tmp_path, engine, ProcessConfig())
    assert (row.status, row.annotated) == ("ok", f"annotated/{clip.name}")
    assert len(load_records(tmp_path).pts.unique()) == first.frames_sampled


def test_no_annotated_video_of_older_results_stays(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    analyse(clip, tmp_path, engine)
    row = analyse(clip, tmp_path, engine, FAST)
    assert row.annotated is None
    assert not (tmp_path / "annotated" / clip.name).exists()


def test_a_failure_that_is_not_the_files_own_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    video = tmp_path / "loop.mp4"
    video.symlink_to(video)
    row = analyse(video, tmp_path / "out", engine)
    assert row.status == "failed"
    [decision] = decide([VideoRef.of(video)], tmp_path / "out", engine.settings_hash, render=False)
    assert decision.todo is Todo.ANALYSE


def test_a_path_with_dots_is_the_same_video(clip: Path) -> None:
    dotted = clip.parent / "nowhere" / ".." / clip.name
    assert VideoRef.of(dotted).video_id == VideoRef.of(clip.resolve()).video_id


def test_pictures_have_emotions_too(clip: Path, engine: Engine, tmp_path: Path) -> None:
    from skimage import data

    picture = np.ascontiguousarray(data.astronaut()[..., ::-1])
    table = detect_emotions([picture, np.zeros((50, 60), np.uint8), picture], engine)
    assert list(table.picture) == [0, 2]
    np.testing.assert_allclose(table[list(PROBABILITY_COLUMNS)].sum(axis=1), 1, atol=1e-5)
    assert list(detect_emotions(np.stack([picture, picture]), engine).picture) == [0, 1]
    assert detect_emotions(np.zeros((50, 60, 3), np.uint8), engine).empty


def test_what_is_no_picture_is_said(engine: Engine, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    with pytest.raises(InputError, match="is no picture that OpenCV can read"):
        detect_emotions(text, engine)
    with pytest.raises(InputError, match=r"cannot read .*gone\.jpg"):
        detect_emotions(tmp_path / "gone.jpg", engine)
    with pytest.raises(InputError, match="got float64 of shape"):
        detect_emotions(np.zeros((5, 5, 3)), engine)


def test_file_names_that_are_no_text_are_read_and_recorded(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    directory = tmp_path / "caf\udce9"
    directory.mkdir()
    video, broken = directory / "a.mp4", directory / "b.mp4"
    video.write_bytes(clip.read_bytes())
    broken.write_bytes(b"no video, but more than a few bytes of text")
    summary = analyse(video, tmp_path / "out", engine, FAST)
    assert summary.status == "ok"
    [source] = load_records(tmp_path / "out").source.unique()
    assert source.startswith("file://")
    assert "caf%E9" in source
    assert analyse(broken, tmp_path / "out", engine, FAST).status == "failed"
    assert len(read_rows(tmp_path / "out")) == 2
