"""However long videos are cut, the dataset is that of doing each in one go."""

import math
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fer_core import analyse, load_records
from fer_core.chunks import WORK, remove_finished
from fer_core.config import ProcessConfig
from fer_core.engine import Engine, ModelIds
from fer_core.jobs import Cut, Job, do
from fer_core.ledger import VideoSummary, decide, read_rows
from fer_core.settings import load_config
from fer_core.types import Progress, VideoRef, silent
from tests.clips import Clip, damage, write
from tests.clips import cut as cut_off

PLAIN = ["device=cpu", "render.enabled=false"]
CLOCKS = {"started_at": None, "finished_at": None, "wall_s": 0.0}


def config_of(*overrides: str) -> ProcessConfig:
    return load_config(ProcessConfig, overrides=[*PLAIN, *overrides])


class Run:
    """Does all jobs of a video, one after the other, and counts them."""

    def __init__(self, video: Path, out: Path, engine: Engine, config: ProcessConfig) -> None:
        self.out, self.engine, self.config = out, engine, config
        self.chunks = 0
        self.on_progress: Callable[[Progress], None] = silent
        self.order = random.Random(7)
        [self.decision] = decide([VideoRef.of(video)], out, engine.settings_hash, False)

    def all(self) -> VideoSummary:
        return self.go_on(Job(self.decision))

    def go_on(self, job: Job) -> VideoSummary:
        outcome = do(job, self.out, self.engine, self.config, self.on_progress)
        if not isinstance(outcome, Cut):
            assert outcome is not None
            return outcome
        for first in self.order.sample(outcome.first, len(outcome.first)):
            assert do(first, self.out, self.engine, self.config, self.on_progress) is None
            self.chunks += 1
        return self.go_on(outcome.then)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Row for row; other batches may move the last digits of what networks say."""
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=2e-2, check_exact=False)
    exact = ["source", "frame_index", "pts", "time_s", "captured_at", "face_index", "track_id"]
    pd.testing.assert_frame_equal(found[exact], expected[exact])


def without_clocks(row: VideoSummary, **others: object) -> VideoSummary:
    return replace(row, **CLOCKS | others)


@pytest.fixture(scope="module")
def clip(sample_videos: list[Path]) -> Path:
    return sample_videos[0]


@pytest.fixture(scope="module")
def whole(
    clip: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[VideoSummary, pd.DataFrame]:
    out = tmp_path_factory.mktemp("whole")
    return analyse(clip, out, engine, config_of()), load_records(out)


@settings(max_examples=4)
@example(chunk_s=1.0)
@given(chunk_s=st.floats(0.4, 6.0))
def test_records_do_not_depend_on_the_chunks(
    whole: tuple[VideoSummary, pd.DataFrame],
    clip: Path,
    engine: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    chunk_s: float,
) -> None:
    row, records = whole
    out = tmp_path_factory.mktemp("chunks")
    run = Run(clip, out, engine, config_of(f"chunk_s={chunk_s}"))
    found = run.all()
    assert run.chunks == math.ceil((row.duration_s or 0) / chunk_s) > 1
    assert without_clocks(found) == without_clocks(row)
    assert read_rows(out) == {row.video_id: found}
    same(load_records(out), records)
    assert not list((out / WORK).iterdir())


@pytest.mark.parametrize("overrides", [["sample.fps=all"], ["sample.fps=keyframes"]])
def test_nor_do_those_of_every_frame_or_key_frames(
    overrides: list[str], clip: Path, engine: Engine, tmp_path: Path
) -> None:
    row = analyse(clip, tmp_path / "whole", engine, config_of(*overrides))
    run = Run(clip, tmp_path / "chunks", engine, config_of("chunk_s=3", *overrides))
    assert without_clocks(run.all()) == without_clocks(row)
    assert run.chunks == 3
    same(load_records(tmp_path / "chunks"), load_records(tmp_path / "whole"))


def test_it_is_annotated_when_all_chunks_are_there(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    config = config_of("chunk_s=3", "sample.fps=all", "render.enabled=true")
    row = Run(clip, tmp_path, engine, config).all()
    assert (row.status, row.annotated) == ("ok", f"annotated/{clip.name}")
    assert (tmp_path / "annotated" / clip.name).is_file()


@pytest.mark.parametrize("broken", [[40], [10, 60, 61, 170], [199]])
def test_damage_is_told_as_in_one_go(
    broken: list[int], clip: Path, engine: Engine, tmp_path: Path
) -> None:
    video = damage(Path(shutil.copy(clip, tmp_path)), broken)
    row = analyse(video, tmp_path / "whole", engine, config_of())
    assert row.status == "partial"
    found = Run(video, tmp_path / "chunks", engine, config_of("chunk_s=1")).all()
    # What was decoded without being looked at may be less: only in one go, damage is known early.
    assert found.frames_decoded <= row.frames_decoded
    same_count = {"frames_decoded": row.frames_decoded}
    assert without_clocks(found, **same_count) == without_clocks(row)
    same(load_records(tmp_path / "chunks"), load_records(tmp_path / "whole"))


def test_a_cut_file_is_partial_as_in_one_go(clip: Path, engine: Engine, tmp_path: Path) -> None:
    with av.open(str(clip)) as source, av.open(str(tmp_path / "a.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    video = cut_off(tmp_path / "a.mkv", 0.6)
    row = analyse(video, tmp_path / "whole", engine, config_of())
    run = Run(video, tmp_path / "chunks", engine, config_of("chunk_s=1"))
    assert without_clocks(run.all()) == without_clocks(row)
    assert row.status == "partial"
    assert run.chunks == 8
    same(load_records(tmp_path / "chunks"), load_records(tmp_path / "whole"))


def test_what_cannot_be_cut_is_done_in_one_go(engine: Engine, tmp_path: Path) -> None:
    stamps = tuple(range(0, 360_000, 3000))
    first = write(Clip("a.ts", stamps=stamps, time_base=Fraction(1, 90_000)), tmp_path)
    video = tmp_path / "joined.ts"
    video.write_bytes(first.read_bytes() * 2)
    row = analyse(video, tmp_path / "whole", engine, config_of())
    run = Run(video, tmp_path / "chunks", engine, config_of("chunk_s=1"))
    assert without_clocks(run.all()) == without_clocks(row)
    assert not list((tmp_path / "chunks" / WORK).iterdir())
    same(load_records(tmp_path / "chunks"), load_records(tmp_path / "whole"))


def test_a_video_whose_faces_are_followed_is_not_cut(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    run = Run(clip, tmp_path, engine, config_of("chunk_s=1", "detect.every=2"))
    assert (run.all().status, run.chunks) == ("ok", 0)


class Stop(Exception):
    """What ends a run in the middle."""


def stop_after(frames: int) -> Callable[[Progress], None]:
    seen = iter(range(frames))

    def on_progress(progress: Progress) -> None:
        if next(seen, None) is None:
            raise Stop

    return on_progress


def test_a_stop_loses_one_chunk_and_shows_nothing_half(
    whole: tuple[VideoSummary, pd.DataFrame], clip: Path, engine: Engine, tmp_path: Path
) -> None:
    stopped = Run(clip, tmp_path, engine, config_of("chunk_s=2"))
    stopped.on_progress = stop_after(24)  # ten samples a chunk
    with pytest.raises(Stop):
        stopped.all()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    places = Counter(path.parts[len(tmp_path.parts)] for path in files)
    assert places == {WORK: 2}, "two chunks, and nothing else"
    again = Run(clip, tmp_path, engine, config_of("chunk_s=2"))
    row, records = whole
    assert without_clocks(again.all()) == without_clocks(row)
    assert again.chunks == 2
    same(load_records(tmp_path), records)


@pytest.mark.parametrize("change", ["file", "settings", "length", "damage"])
def test_chunks_of_other_files_or_settings_do_not_count(
    change: str, clip: Path, engine: Engine, tmp_path: Path
) -> None:
    video = Path(shutil.copy(clip, tmp_path / "a.mp4"))
    stopped = Run(video, tmp_path / "out", engine, config_of("chunk_s=2"))
    stopped.on_progress = stop_after(24)
    with pytest.raises(Stop):
        stopped.all()
    config = config_of("chunk_s=2")
    if change == "file":
        os.utime(video, (1, 1))
    elif change == "settings":
        config = config_of("chunk_s=2", "sample.fps=4")
        engine = Engine(engine.detector, engine.classifier, ModelIds.of(config))
    elif change == "length":
        config = config_of("chunk_s=3")
    else:
        for path in (tmp_path / "out" / WORK).rglob("*.parquet"):
            path.write_bytes(path.read_bytes()[:-9])
    again = Run(video, tmp_path / "out", engine, config)
    assert again.all().status == "ok"
    assert again.chunks == (3 if change == "length" else 4)


def test_what_a_kill_leaves_of_a_finished_video_goes(
    clip: Path, engine: Engine, tmp_path: Path
) -> None:
    run = Run(clip, tmp_path, engine, config_of("chunk_s=4"))
    kept = tmp_path / "kept"

    def copy_when_done(progress: Progress) -> None:
        if progress.phase == "track" and not kept.exists():
            shutil.copytree(tmp_path / WORK, kept)

    run.on_progress = copy_when_done
    row = run.all()
    shutil.copytree(kept, tmp_path / WORK, dirs_exist_ok=True)
    remove_finished(tmp_path)
    assert not list((tmp_path / WORK).iterdir())
    shutil.copytree(kept, tmp_path / WORK, dirs_exist_ok=True)
    (tmp_path / "videos" / f"{row.video_id}.parquet").unlink()
    remove_finished(tmp_path)
    assert len(list((tmp_path / WORK).rglob("*.parquet"))) == 2, "it is still to be finished"
