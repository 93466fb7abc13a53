"""What all tests share: no telemetry, own Prefect home, and no silent skips in CI."""

import os
import tempfile
from collections.abc import Iterator

import pytest

os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="fer-prefect-"))
os.environ.pop("PREFECT_API_URL", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a test of a real component that skips has failed: nothing else would notice."""
    report = yield
    if report.skipped and item.get_closest_marker("real") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not skip in CI: {report.longrepr}"
    return report
