"""How long questions to a large dataset take: the figures in docs/scaling.md.

    python -m tests.benchmarks.large DIR [--rows MILLIONS] [--videos N]

Makes, in DIR, a ledger of as many videos and as many rows of records, a file for each camera and
day as `fer compact` leaves them, and asks. What is there already is not made again; nothing is
removed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core import load_records
from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS, NUM_EMOTIONS, PROBABILITY_COLUMNS
from fer_core.ledger import VideoSummary, write_row
from fer_core.queries.sql import query
from fer_core.schema import RECORDS, with_metadata
from fer_core.sinks.parquet import ROW_GROUP

CAMERAS = [f"cam-{number:02}" for number in range(10)]
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_A_DAY = 400_000
STEP_S = 0.2

SHARES = """
WITH hours AS (
    SELECT camera, time_bucket(INTERVAL 1 hour, captured_at) AS hour, emotion, count(*) AS faces
    FROM records WHERE emotion IS NOT NULL GROUP BY ALL
)
SELECT *, faces / sum(faces) OVER (PARTITION BY camera, hour) AS share FROM hours
"""


def make_records(directory: Path, millions: int) -> int:
    """Files of camera-days until there are so many rows; returns how many there are."""
    days = -(-millions * 1_000_000 // (len(CAMERAS) * ROWS_A_DAY))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda camera: _make_camera(directory, camera, days), CAMERAS))
    return days * len(CAMERAS) * ROWS_A_DAY


def _make_camera(directory: Path, camera: str, days: int) -> None:
    columns = _day(seed=CAMERAS.index(camera))
    for number in range(days):
        start = FIRST_DAY + timedelta(days=number)
        folder = directory / "records" / f"date={start:%Y-%m-%d}"
        path = folder / f"{camera}-{start:%Y%m%dT%H%M%SZ}.merged.parquet"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_file(path) as temporary:
                _write(temporary, columns, camera, start)


def _write(path: Path, columns: dict[str, pa.Array], camera: str, start: datetime) -> None:
    def same(text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), ROWS_A_DAY)

    wall_clock = np.datetime64(start.replace(tzinfo=None), "us") + (
        columns["time_s"].to_numpy() * 1e6
    ).astype("timedelta64[us]")
    columns |= {
        "video_id": same(f"{camera}-{start:%Y%m%d}"),
        "source": same(camera),
        "camera": same(camera),
        "captured_at": pa.array(wall_clock).cast(RECORDS.field("captured_at").type),
    }
    schema = with_metadata(RECORDS, merged="[]")
    table = pa.Table.from_arrays([columns[name] for name in RECORDS.names], schema=schema)
    pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)


def _day(seed: int) -> dict[str, pa.Array]:
    """A face that changes its emotion every few seconds, and noise in all that is measured."""
    random, n = np.random.default_rng(seed), ROWS_A_DAY
    shown = np.repeat(random.integers(0, NUM_EMOTIONS, -(-n // 25)), 25)[:n]
    values = random.random((n, NUM_EMOTIONS)) ** 4
    values[np.arange(n), shown] += 2
    probabilities = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)

    def noise(mean: float, spread: float) -> pa.Array:
        return pa.array(random.normal(mean, spread, n).astype(np.float32))

    index = np.arange(n)
    return {
        "frame_index": pa.array(index * 5),
        "pts": pa.array(index * 18_000),
        "time_s": pa.array(index * STEP_S),
        "face_index": pa.array(np.zeros(n, np.int16)),
        "track_id": pa.array((index // 500).astype(np.int32)),
        **{f"box_{side}": noise(300, 40) for side in "xywh"},
        "det_score": noise(0.9, 0.02),
        "landmarks": pa.FixedSizeListArray.from_arrays(
            pa.array(random.normal(300, 40, n * 10).astype(np.float32)), 10
        ),
        "sharpness": noise(300, 80),
        "yaw": noise(0, 20),
        "emotion": pa.DictionaryArray.from_arrays(pa.array(shown.astype(np.int8)), list(EMOTIONS)),
        "confidence": pa.array(probabilities.max(axis=1)),
        **{name: pa.array(probabilities[:, i]) for i, name in enumerate(PROBABILITY_COLUMNS)},
    }


def make_ledger(directory: Path, videos: int) -> None:
    """The rows of so many videos, one in a hundred of them failed."""
    for number in range(videos):
        if (directory / "videos" / f"{number:016x}.parquet").exists():
            continue
        day = FIRST_DAY + timedelta(hours=number)
        row = VideoSummary(
            video_id=f"{number:016x}",
            source=f"/archive/cam/{number:06}.mp4",
            camera="cam",
            status="failed" if number % 100 == 0 else "ok",
            error="the file is empty (0 bytes)" if number % 100 == 0 else None,
            duration_s=3600.0,
            captured_at=day,
            started_at=day,
            finished_at=day,
        )
        write_row(directory, row)


def measure(directory: Path) -> list[tuple[str, float, str]]:
    """Each question: its name, seconds by the clock, and what came back."""
    since = FIRST_DAY + timedelta(days=1)
    day = {"sources": CAMERAS[3], "since": since, "until": since + timedelta(days=1)}
    happy = {**day, "emotions": "happy", "min_confidence": 0.6}
    return [
        _time("share of each emotion per camera and hour (DuckDB)", lambda: _shares(directory)),
        _time("a camera and day, happy ones", lambda: _rows(directory, **happy)),
        _time(
            "a camera and day, all rows, six columns",
            lambda: _rows(directory, columns=["captured_at", "track_id", *_THREE], **day),
        ),
        _time("a camera and day, all rows, all columns", lambda: _rows(directory, **day)),
        _time("fer status, the first time", lambda: _status(directory)),
        _time("fer status again", lambda: _status(directory)),
    ]


_THREE = ["box_w", "box_h", "emotion", "confidence"]


def _time(name: str, ask: Callable[[], str]) -> tuple[str, float, str]:
    began = time.perf_counter()
    answer = ask()
    return name, time.perf_counter() - began, answer


def _shares(directory: Path) -> str:
    answer = query(directory, SHARES).read_pandas()
    return f"{len(answer)} rows, {answer.faces.sum()} faces"


def _rows(directory: Path, **filters: object) -> str:
    return f"{len(load_records(directory, **filters))} rows"  # pyright: ignore


def _status(directory: Path) -> str:
    command = [sys.executable, "-m", "fer_core.cli.main", "status", str(directory)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return printed.splitlines()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rows", type=int, default=100, help="millions")
    parser.add_argument("--videos", type=int, default=10_000)
    options = parser.parse_args()
    rows = make_records(options.directory, options.rows)
    make_ledger(options.directory, options.videos)
    size = sum(file.stat().st_size for file in options.directory.glob("records/*/*.parquet"))
    print(f"{rows / 1e6:.0f} million rows, {size / 1e9:.1f} GB; {options.videos} videos")
    for name, seconds, answer in measure(options.directory):
        print(f"{seconds:6.2f} s  {name}: {answer}")


if __name__ == "__main__":
    main()
