"""What all tests share: an own Prefect home, sample videos, and no silent skips in CI."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from fer_core.samples import make_samples

# The same examples in every run, and no time limit: a busy machine is no fault.
hypothesis.settings.register_profile("fer", derandomize=True, deadline=None)
hypothesis.settings.load_profile("fer")

# Before anything imports Prefect, and for the processes that tests start, too.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="fer-prefect-")
os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "120"  # a busy machine
os.environ.pop("PREFECT_API_URL", None)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["PREFECT_HOME"], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a test of a real component that skips has failed: nothing else would notice."""
    report = yield
    if report.skipped and item.get_closest_marker("real") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not skip in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def sample_videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The demo's clips; copy them before changing anything."""
    return make_samples(tmp_path_factory.mktemp("sample-videos"))
