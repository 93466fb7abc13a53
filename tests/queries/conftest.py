"""The made-up week, whose answers are known from its script."""

from pathlib import Path

import pytest

from fer_core.sample_week import make_sample_week


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset as a directory `week`; read it only."""
    directory = tmp_path_factory.mktemp("queries") / "week"
    make_sample_week(directory)
    return directory
