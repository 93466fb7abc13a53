"""`fer process` from end to end, on real videos, with the real flow and its embedded server."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from fer_core.runtime.cuda import cuda_devices
from tests.cli.command import AS_ANYBODY, COMMAND, ROOT, environment, fer, needs_permissions

FAST = ["--sample-fps", "2", "--device", "cpu"]
CUDA = "decode.hwaccel=cuda"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample_videos: list[Path]) -> Path:
    """A good video with a strange name, and two bad ones."""
    directory = tmp_path_factory.mktemp("recordings")
    (directory / "day 1").mkdir()
    shutil.copy(sample_videos[0], directory / "day 1" / "größe 漢字 {x}.mp4")
    (directory / "empty.mp4").touch()
    (directory / "text.mp4").write_text("this is no video\n")
    return directory


@pytest.fixture(scope="module")
def first_run(
    tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    out = tmp_path_factory.mktemp("first") / "out"
    return out, fer("process", folder, "--out", out, "--json", *FAST)


def test_a_bad_file_beside_a_good_one(first_run, folder: Path) -> None:
    out, result = first_run
    assert result.returncode == 1
    assert result.stderr == ""
    summary = json.loads(result.stdout.splitlines()[-1])
    assert {key: summary[key] for key in ("videos", "ok", "partial", "failed", "pending")} == {
        "videos": 3,
        "ok": 1,
        "partial": 0,
        "failed": 2,
        "pending": 0,
    }
    reasons = {Path(problem["source"]).name: problem["error"] for problem in summary["problems"]}
    assert "0 bytes" in reasons["empty.mp4"]
    assert "text.mp4" in reasons
    assert summary["faces"] > 0
    assert (out / "annotated" / "day 1" / "größe 漢字 {x}.mp4").stat().st_size > 0
    assert ds.dataset(out / "records").count_rows() >= summary["frames"]
    assert ds.dataset(out / "videos").count_rows() == 3


def test_nothing_is_written_but_the_dataset(first_run) -> None:
    out, _ = first_run
    assert {path.name for path in out.iterdir()} == {
        "records",
        "annotated",
        "videos",
        "settings",
        "report",
    }
    assert not list(out.rglob(".*"))


def test_a_second_run_has_nothing_to_do_and_says_so(first_run, folder: Path) -> None:
    out, _ = first_run
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    result = fer("process", folder, "--out", out, *FAST)
    assert result.stdout.startswith("nothing to do: 3 videos are done with these settings\n")
    assert "failed: " in result.stdout
    assert result.returncode == 1, "failures of earlier runs count"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.*")} == before


def test_good_input_alone_is_exit_0(first_run, folder: Path) -> None:
    out, _ = first_run
    result = fer("process", folder / "day 1" / "*.mp4", "--out", out, *FAST)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("nothing to do: 1 video is done with these settings\n")


def test_other_settings_replace_the_rows(first_run, folder: Path) -> None:
    out, result = first_run
    frames = json.loads(result.stdout)["frames"]
    changed = ["--sample-fps", "1", "--no-render", "--device", "cpu"]
    again = fer("process", folder / "day 1", "--out", out, "--json", *changed)
    assert again.returncode == 0
    summary = json.loads(again.stdout)
    assert (summary["ok"], summary["done_before"]) == (1, 0)
    assert 0 < summary["frames"] < frames
    assert ds.dataset(out / "videos").count_rows() == 3


@pytest.mark.skipif(cuda_devices() > 0, reason="a card would decode")
def test_what_keeps_a_card_from_decoding_is_said_once(tmp_path: Path, folder: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(next((folder / "day 1").iterdir()), tmp_path / name)
    options = ["--sample-fps", "1", "--no-render", "--device", "cpu"]
    result = fer("process", tmp_path, "--out", tmp_path / "out", *options, "--set", CUDA)
    assert result.returncode == 0
    assert result.stderr.count("decoding in software") == 1


@needs_permissions
def test_a_directory_that_cannot_be_searched_is_a_failure_and_told(tmp_path: Path) -> None:
    closed, out = tmp_path / "in" / "closed", tmp_path / "out"
    closed.mkdir(parents=True)
    closed.chmod(0)
    try:
        text = fer("process", tmp_path / "in", "--out", out, before=AS_ANYBODY)
        plain = fer("process", tmp_path / "in", "--out", out, "--json", before=AS_ANYBODY)
    finally:
        closed.chmod(0o700)
    told = "cannot be searched: Permission denied"
    assert (text.returncode, plain.returncode, text.stderr) == (1, 1, "")
    assert text.stdout.splitlines() == [
        "0 ok, 0 partial, 1 failed; 0 frames looked at, 0 faces found",
        f"  failed: {closed}: {told}",
    ], "no places, as nothing was written"
    summary = json.loads(plain.stdout)
    assert (summary["videos"], summary["failed"], summary["done_before"]) == (1, 1, 0)
    assert summary["problems"] == [{"source": str(closed), "status": "failed", "error": told}]


def test_links_that_lead_nowhere_are_failures_and_told(tmp_path: Path) -> None:
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    (tmp_path / "lost.mp4").symlink_to("moved-away.mp4")
    result = fer("process", tmp_path, "--out", tmp_path / "out", "--json", *FAST)
    problems = json.loads(result.stdout)["problems"]
    assert result.returncode == 1
    assert [Path(problem["source"]).name for problem in problems] == ["loop.mp4", "lost.mp4"]
    assert len(list((tmp_path / "out" / "videos").iterdir())) == 2


def test_a_name_that_is_no_unicode(tmp_path: Path, sample_videos: list[Path]) -> None:
    for name in ("good.mp4", "-\udcff.mp4"):
        shutil.copy(sample_videos[0], tmp_path / name)
    options = ["--out", "out", *FAST, "--no-render", "--json"]
    result = fer("process", *options, "--", "good.mp4", "-\udcff.mp4", cwd=tmp_path)
    assert result.stderr == ""
    summary = json.loads(result.stdout)
    explained = [problem["source"] for problem in summary["problems"]]
    assert summary["pending"] == 0
    assert explained in ([], [f"{tmp_path}/-\\xff.mp4"]), "it is read, or the reason is told"
    assert summary["ok"] == 2 - len(explained)


@pytest.fixture
def long_folder(tmp_path: Path, sample_videos: list[Path]) -> Path:
    """Work for longer than it takes to stop it."""
    directory = tmp_path / "many"
    directory.mkdir()
    for number in range(4):
        shutil.copy(sample_videos[number % 3], directory / f"{number}.mp4")
    return directory


@pytest.fixture
def stopping(long_folder: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run of its own process group, as in a terminal, that has finished its first video."""
    out = tmp_path / "out"
    command = [*COMMAND, "process", str(long_folder), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--device", "cpu"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while not list(out.glob("videos/*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "process alone"])
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    stopping: "subprocess.Popen[str]", long_folder: Path, tmp_path: Path, whole_group: bool
) -> None:
    out = tmp_path / "out"
    (os.killpg if whole_group else os.kill)(stopping.pid, signal.SIGINT)
    stdout, stderr = stopping.communicate(timeout=60)
    assert (stopping.returncode, stdout) == (130, "")
    assert (
        stderr.split()
        == (
            f"stopping; the videos that are finished are kept in {out}, "
            "and the same command goes on from there"
        ).split()
    )
    done = len(list(out.glob("videos/*.parquet")))
    assert 1 <= done < 4
    for file in out.rglob("*.parquet"):
        ds.dataset(file).to_table()
    again = fer("process", long_folder, "--out", out, "--device", "cpu", "--json")
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["ok"], summary["done_before"]) == (4, done)
    assert not list(out.rglob(".*"))
