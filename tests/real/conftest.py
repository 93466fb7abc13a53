"""Real servers of RTSP and Prefect, clips, and a tail that runs beside the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_core import Engine, ProcessConfig
from fer_core.bench.clips import loop
from flows.standing_server import standing_server
from tests.real.ports import free_port
from tests.real.rtsp import Server, need_server
from tests.real.tailing import Tailing

FAST = ProcessConfig.model_validate({"device": "cpu", "sample": {"fps": 5}})


@pytest.fixture(scope="session")
def face_clip(sample_videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of 640×360 H.264 with one face."""
    clip = tmp_path_factory.mktemp("rtsp") / "face.mp4"
    loop(sample_videos[0], clip, 120)
    return clip


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, and ends them after the test."""
    need_server()
    servers: list[Server] = []

    def start(mounts: dict[str, dict[str, Any]], password: str | None = None) -> Server:
        servers.append(Server(mounts, password))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The networks, loaded once for all tests."""
    with Engine.load(FAST) as loaded:
        yield loaded


@pytest.fixture
def tailing(engine: Engine, tmp_path: Path) -> Iterator[Callable[..., Tailing]]:
    """Starts tails in threads, and stops them after the test."""
    running: list[Tailing] = []

    def start(*cameras: Any, config: ProcessConfig = FAST, **options: Any) -> Tailing:
        running.append(Tailing(cameras, tmp_path / "out", config, engine, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`prefect server start` with a database of its own, for all tests; the URL of its API."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect-server")))
    with standing_server(free_port()) as url:
        patch.undo()
        yield url
