"""What many small files cost besides the work on their pictures."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from fer_core.bench.job import Job, Outcome
from fer_core.config import ProcessConfig
from fer_core.settings import load_config

FILES = 10_000
FEW, MANY = 4, 304
"""Runs of so many files: their difference leaves out what a run costs once."""


def decide(job: Job, scratch: Path) -> Outcome:
    """Listing a folder of 10,000 files that are all done, and finding that they are."""
    from fer_core.batch import open_work, plan
    from fer_core.bench.work import Stopwatch

    config = load_config(ProcessConfig, overrides=list(job.settings))
    folder, out = _folder(Path(job.videos[0]), scratch / "in", FILES), scratch / "out"
    _pretend_done(str(folder), out, config)
    watch = Stopwatch()
    decisions = plan([str(folder)], out, config)
    outcome = watch.outcome()
    if left := open_work(decisions):
        raise RuntimeError(f"expected {FILES} files to be done, {len(left)} are not")
    return outcome


def _folder(video: Path, folder: Path, count: int) -> Path:
    """So many files, in subfolders of a hundred; all are the same one."""
    for index in range(count):
        link = folder / f"{index // 100:03}" / f"{index:05}{video.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(video, link)
    return folder


def _pretend_done(folder: str, out: Path, config: ProcessConfig) -> None:
    """Leaves what a run that was through would have left, with empty files for its results."""
    from fer_core.batch import plan
    from fer_core.engine import ModelIds
    from fer_core.ledger import Decision, VideoSummary, fingerprint, write_row
    from fer_core.sinks.parquet import records_path

    settings_hash = ModelIds.of(config).settings_hash
    empty = out / "annotated" / "empty"
    empty.parent.mkdir(parents=True)
    empty.touch()

    def pretend(decision: Decision) -> None:
        video = decision.video
        annotated = Path("annotated") / video.relative
        for result in (out / annotated, records_path(out, video.video_id, None)):
            result.parent.mkdir(parents=True, exist_ok=True)
            os.link(empty, result)
        row = VideoSummary(video.video_id, video.source, "ok", settings_hash=settings_hash)
        size, mtime = fingerprint(video.path)
        row = replace(row, size=size, mtime=mtime)
        write_row(out, replace(row, annotated=annotated.as_posix(), shows=config.shown))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pretend, plan([folder], out, config)))


def orchestrate(job: Job, scratch: Path) -> Outcome:
    """What a small file costs through `fer process`, and through the library alone."""
    from fer_core.bench.work import Stopwatch

    video = Path(job.videos[0])
    watch = Stopwatch()
    _run_command(video, scratch / "first", 1, job.settings)  # Prefect makes its database
    command = [_run_command(video, scratch / f"c{n}", n, job.settings) for n in (FEW, MANY)]
    library = [_run_library(video, scratch / f"l{n}", n, job.settings) for n in (FEW, MANY)]
    by_command, by_library = (_ms_a_file(*seconds) for seconds in (command, library))
    figures = {
        "command": by_command,
        "library": by_library,
        "orchestration": by_command - by_library,
    }
    return replace(watch.outcome(), figures=figures)


def _ms_a_file(few_s: float, many_s: float) -> float:
    return (many_s - few_s) / (MANY - FEW) * 1000


def _run_library(video: Path, scratch: Path, count: int, settings: tuple[str, ...]) -> float:
    """Seconds for so many files without Prefect, as many at once as with it."""
    from fer_core.batch import plan, worker_count
    from fer_core.engine import Engine
    from fer_core.pipeline import process

    folder, out = _folder(video, scratch / "in", count), scratch / "out"
    config = load_config(ProcessConfig, overrides=list(settings))
    began = time.perf_counter()
    with Engine.load(config) as engine, ThreadPoolExecutor(worker_count(config)) as pool:
        decisions = plan([str(folder)], out, config)
        list(pool.map(lambda decision: process(decision, out, engine, config), decisions))
    return time.perf_counter() - began


def _run_command(video: Path, scratch: Path, count: int, settings: tuple[str, ...]) -> float:
    folder = _folder(video, scratch / "in", count)
    began = time.perf_counter()
    run_fer_process([str(folder)], scratch / "out", settings)
    return time.perf_counter() - began


def command(job: Job, scratch: Path) -> Outcome:
    """The command itself, Prefect and its server included."""
    from fer_core.bench.work import Stopwatch, own_names

    videos = own_names(job.videos, scratch)
    watch = Stopwatch()
    run_fer_process([str(video) for video in videos], scratch / "out", job.settings)
    return watch.outcome()


def run_fer_process(inputs: list[str], out: Path, settings: tuple[str, ...]) -> None:
    """Runs `fer process` to its end.

    Raises:
        RuntimeError: not every video is ok.
    """
    overrides = [word for setting in settings for word in ("--set", setting)]
    words = [sys.executable, "-m", "fer_core.cli.main", "process", *inputs, "--out", str(out)]
    done = subprocess.run([*words, *overrides, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"fer process ended with {done.returncode}: {done.stderr[-500:]}")
    if json.loads(done.stdout.splitlines()[-1])["videos"] == 0:
        raise RuntimeError("fer process found no video")
