"""Each kind of work is measured for real, on two seconds of video; no time is asserted."""

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fer_core.bench import many, suite
from fer_core.bench.clips import Clip, grid, loop, scale
from fer_core.bench.job import Job, Outcome
from fer_core.bench.journal import Journal
from fer_core.bench.measure import measure
from fer_core.bench.threads import ThreadTimes
from fer_core.cli.main import app
from fer_core.config import DetectConfig
from fer_core.detectors.yunet import YuNet
from fer_core.errors import FerError, InputError

FRAMES = 50


@pytest.fixture(scope="module")
def clip(sample_videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with one face."""
    return scale(sample_videos[0], tmp_path_factory.mktemp("clip") / "c.mp4", (320, 180), FRAMES)


def test_clips_have_the_frames_and_size_that_were_asked_for(clip: Path, tmp_path: Path) -> None:
    made = Clip.of(clip)
    assert (made.width, made.height, made.frames, made.seconds) == (320, 180, FRAMES, 2.0)
    assert Clip.of(loop(clip, tmp_path / "long.mp4", 5)).seconds == 6
    assert Clip.of(grid(tmp_path / "grid.mp4", 5, 3)).frames == 3


def test_the_pipeline_tells_its_stages_batches_and_memory(clip: Path, tmp_path: Path) -> None:
    settings = ("sample.fps=all", "render.enabled=true")
    outcome = measure(Job("pipeline", (str(clip), str(clip)), settings), tmp_path)
    assert outcome.figures["sampled"] == 2 * FRAMES
    assert outcome.figures["faces"] > FRAMES
    assert {"networks", "results"} <= set(outcome.shares)  # the others take less than a tick
    assert sum(outcome.shares.values()) == pytest.approx(1)
    assert 1 <= outcome.batches["detector"] <= 2 * YuNet.load(DetectConfig(), "cpu").batch_size
    assert outcome.first_s is not None
    assert outcome.load_s is not None
    assert outcome.first_s > outcome.load_s
    assert outcome.peak_mb == max(outcome.quarters_mb)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".scratch")]


def test_time_is_told_by_the_names_of_threads() -> None:
    worked, told = threading.Event(), threading.Event()

    def work() -> None:
        while time.thread_time() < 0.2:
            pass
        worked.set()
        told.wait()

    thread = threading.Thread(target=work, name="decode")
    with ThreadTimes() as times:
        thread.start()
        worked.wait()
    told.set()
    thread.join()
    assert times.shares()["convert"] > 0.5


def test_the_usual_loop_says_how_far_it_came(clip: Path, tmp_path: Path) -> None:
    outcome = measure(Job("usual_loop", (str(clip),), ("sample.fps=5",)), tmp_path)
    assert 0 < outcome.part <= 1


def test_ffmpeg_is_measured_with_its_children(clip: Path, tmp_path: Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    assert measure(Job("ffmpeg", (str(clip),)), tmp_path).cpu_s > 0


def test_work_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="missing\\.mp4"):
        measure(Job("decode", (str(tmp_path / "missing.mp4"),)), tmp_path)


def test_files_that_pretend_to_be_done_are_done(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "FILES", 12)
    many.decide(Job("decide", (str(clip),)), tmp_path)  # raises if there is anything to do
    assert len(list((tmp_path / "in").rglob("*.mp4"))) == 12


def test_the_command_prints_every_row_and_keeps_going(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"decode only": ("decode", ()), "broken": ("decode", ("sample.skip=never",))}
    monkeypatch.setattr(suite, "ROWS", rows)
    arguments = ["bench", str(clip), "--runs", "1", "--cache", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    report = json.loads(result.stdout.splitlines()[-1])
    assert set(report) == {"machine", "results", "goals"}
    done, broken = report["results"]
    assert done["row"] == "decode only"
    assert done["fps"] == pytest.approx(done["speed"] * FRAMES / 2)
    assert broken["rounds"] == 0
    assert "sample.skip" in broken["error"]


def test_a_page_that_cannot_take_the_tables_is_told_before_anything_is_measured(
    clip: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["bench", str(clip), "--docs", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert result.output == ""


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    job = Job("decode", ("a.mp4",), ("sample.fps=5",))
    outcome = Outcome(2.0, 3.0, shares={"decode": 1.0}, quarters_mb=(1.0, 2.0, 3.0, 4.0))
    Journal(tmp_path).put(job, 1, outcome)
    [file] = tmp_path.iterdir()
    file.write_text(file.read_text() + '["0 {')  # cut off while it was written
    assert Journal(tmp_path).get(job, 1) == outcome
    assert Journal(tmp_path).get(job, 0) is None
    Journal(tmp_path).remove()
    assert Journal(tmp_path).get(job, 1) is None
