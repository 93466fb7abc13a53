"""The real networks, loaded once, and where real recordings lie."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_core.config import ProcessConfig
from fer_core.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The shipped detector and classifier with default settings, on the CPU."""
    with Engine.load(ProcessConfig(device="cpu")) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """Real recordings beside the checkout, not part of the repository."""
    directory = Path(__file__).parents[3] / "shared" / "video"
    if not directory.is_dir():
        pytest.skip("needs the shared clips (../shared/video), which are not here")
    return directory
