"""A run reports to Prefect's own SQLite, to PostgreSQL, or to a server; records are the same."""

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path

import asyncpg
import pandas as pd
import pytest

from fer_core import Engine, analyse, load_records
from tests.cli.command import fer
from tests.real import postgres
from tests.real.conftest import FAST
from tests.real.prefect_api import ask

pytestmark = pytest.mark.real

OPTIONS = ["--sample-fps", "5", "--no-render", "--device", "cpu", "--set", "report.enabled=false"]
RUNS = """
    SELECT flow.name, flow_run.state_type, flow_run.state_name
    FROM flow_run JOIN flow ON flow.id = flow_run.flow_id
"""
ONE_RUN = [("process-videos", "COMPLETED", "Completed")]


@pytest.fixture(scope="module")
def video(sample_videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copy(sample_videos[0], tmp_path_factory.mktemp("in") / "good.mp4"))


@pytest.fixture(scope="module")
def expected(video: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The records of the video, made without Prefect."""
    out = tmp_path_factory.mktemp("expected")
    config = FAST.model_copy(update={"render": FAST.render.model_copy(update={"enabled": False})})
    analyse(video, out, engine, config)
    return load_records(out)


def check_records(out: Path, expected: pd.DataFrame) -> None:
    assert len(expected) > 0
    pd.testing.assert_frame_equal(load_records(out), expected, rtol=0, atol=2e-2)


def test_sqlite_where_nothing_is_set(video: Path, expected: pd.DataFrame, tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    result = fer("process", video, "--out", tmp_path / "out", *OPTIONS, PREFECT_HOME=str(home))
    assert (result.returncode, result.stderr) == (0, "")
    database = sqlite3.connect(home / "prefect.db")
    assert database.execute(RUNS).fetchall() == ONE_RUN
    database.close()
    check_records(tmp_path / "out", expected)


def test_postgresql_where_its_url_is_set(
    video: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    home = tmp_path / "prefect"
    with postgres.running() as url:
        result = fer(
            *("process", video, "--out", tmp_path / "out", *OPTIONS),
            PREFECT_HOME=str(home),
            PREFECT_API_DATABASE_CONNECTION_URL=url.replace("postgresql:", "postgresql+asyncpg:"),
        )
        assert (result.returncode, result.stderr) == (0, "")
        assert asyncio.run(runs_in_postgresql(url)) == ONE_RUN
    assert not (home / "prefect.db").exists()
    check_records(tmp_path / "out", expected)


async def runs_in_postgresql(url: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(RUNS)]
    finally:
        await connection.close()


def test_a_server_where_one_is_set(
    prefect_server: str, video: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "bad.mp4").touch()
    out = tmp_path / "out"
    result = fer(
        *("process", video, tmp_path / "bad.mp4", "--out", out, *OPTIONS),
        PREFECT_API_URL=prefect_server,
    )
    assert (result.returncode, result.stderr) == (1, "")
    found = ask(f"{prefect_server}/flow_runs/filter", {"sort": "START_TIME_DESC"})
    [run] = [run for run in found if str(video) in run["parameters"].get("inputs", [])]
    assert run["state"]["name"] == "Completed with failures"
    assert run["state"]["message"] == "1 ok, 0 partial, 1 failed"
    states = task_states(prefect_server, run["id"])
    assert states == {"good.mp4": "COMPLETED", "bad.mp4": "FAILED"}
    check_records(out, expected)


def task_states(api: str, flow_run: str) -> dict[str, str]:
    """Task runs reach the database through a queue of events, a moment later."""
    deadline = time.monotonic() + 60
    while True:
        tasks = ask(f"{api}/task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run]}}})
        states = {task["name"]: task["state_type"] for task in tasks}
        if set(states.values()) <= {"COMPLETED", "FAILED"} and len(states) == 2:
            return states
        assert time.monotonic() < deadline, states
        time.sleep(0.3)
