"""Kills runs of `fer process` at random moments, and compares what comes of them in the end."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import av
import pandas as pd

from fer_core import load_records
from fer_core.chunks import WORK
from fer_core.ledger import read_rows
from tests.cli.command import COMMAND, ROOT, environment

SMALL = 12
MOST_FILES = 6
OPTIONS = "--no-render --device cpu --workers 2 --set report.enabled=false --set chunk_s=2".split()
CLOCKS = ("started_at", "finished_at", "wall_s")


def make_inputs(samples: list[Path], folder: Path, small: int = SMALL) -> Path:
    """Some clips of a second and a long one of five chunks."""
    folder.mkdir()
    for number in range(small):
        shorten(samples[number % len(samples)], folder / f"{number:02}.mp4", packets=25)
    shutil.copy(samples[1], folder / "long.mp4")
    return folder


def shorten(source: Path, path: Path, packets: int) -> None:
    """The first packets of a video's pictures."""
    with av.open(str(source)) as whole, av.open(str(path), "w") as part:
        stream = part.add_stream_from_template(whole.streams.video[0], opaque=True)
        for _, packet in zip(range(packets), whole.demux(video=0), strict=False):
            packet.stream = stream
            part.mux(packet)


def start(folder: Path, out: Path, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, "process", str(folder), "--out", str(out), *OPTIONS, *more],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_at_random(folder: Path, out: Path, draw: random.Random) -> bool:
    """Starts a run and kills all of it when some new files have appeared; whether it got there."""
    known, wanted = set(out.rglob("*.parquet")), draw.randint(1, MOST_FILES)
    seen: set[Path] = set()
    process = start(folder, out)
    try:
        while process.poll() is None and len(seen) < wanted:
            seen |= set(out.rglob("*.parquet")) - known
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.2))  # into whatever it does then
        killed = process.poll() is None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return killed


def check_kills(samples: list[Path], directory: Path, kills: int, seed: int = 7) -> None:
    """Kills so many runs; what the last one completes must be what one undisturbed run gives."""
    folder = make_inputs(samples, directory / "in")
    draw = random.Random(seed)
    out, expected = directory / "out", directory / "expected"
    killed = sum(kill_at_random(folder, out, draw) for _ in range(kills))
    assert killed, "not one run was killed before its end"
    for place in (out, expected):
        process = start(folder, place)
        said, _ = process.communicate()
        assert process.returncode == 0, said
    check_same(out, expected)
    assert not (out / WORK).exists() or not list((out / WORK).iterdir())
    assert not list(out.rglob("*.part*"))


def check_same(out: Path, expected: Path, small: int = SMALL) -> None:
    """Row for row; other batches may move the last digits of what networks say."""
    found, wanted = load_records(out), load_records(expected)
    exact = ["source", "frame_index", "pts", "time_s", "face_index", "track_id"]
    pd.testing.assert_frame_equal(found[exact], wanted[exact])
    pd.testing.assert_frame_equal(found, wanted, rtol=0, atol=2e-2)
    rows, others = read_rows(out), read_rows(expected)
    assert len(rows) == small + 1
    for video_id, row in rows.items():
        for name in type(row).__dataclass_fields__:
            if name not in CLOCKS:
                assert getattr(row, name) == getattr(others[video_id], name), name
