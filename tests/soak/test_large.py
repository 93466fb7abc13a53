"""A large dataset answers; how fast, goes to the terminal and into docs/scaling.md."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.large import ROWS_A_DAY, make_ledger, make_records, measure

pytestmark = pytest.mark.soak

MILLIONS, VIDEOS = 100, 10_000


@pytest.mark.timeout(7200)
def test_a_hundred_million_rows_and_ten_thousand_videos(tmp_path: Path) -> None:
    rows = make_records(tmp_path, MILLIONS)
    make_ledger(tmp_path, VIDEOS)
    answers = {name: (seconds, answer) for name, seconds, answer in measure(tmp_path)}
    for name, (seconds, answer) in answers.items():
        sys.stderr.write(f"{seconds:6.2f} s  {name}: {answer}\n")
    assert f"{rows} faces" in answers["share of each emotion per camera and hour (DuckDB)"][1]
    assert answers["a camera and day, all rows, all columns"][1] == f"{ROWS_A_DAY} rows"
    assert "9900" in answers["fer status, the first time"][1].replace(",", "")
