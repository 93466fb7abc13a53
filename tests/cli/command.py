"""Runs `fer` as a person does: another process, with its own streams and signals."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "fer_core.cli.main"]
ROOT = Path(__file__).parents[2]

_RIGHTS = "-dac_override,-dac_read_search"
AS_ANYBODY = (
    ["setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}"] if os.geteuid() == 0 else []
)
"""Put before a command: root, too, may then not read and write what it has no permission for."""

needs_permissions = pytest.mark.skipif(
    bool(AS_ANYBODY) and not shutil.which("setpriv"), reason="root, and no setpriv"
)


def environment(**more: str) -> dict[str, str]:
    """That of the tests, with the checkout importable from everywhere."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def fer(
    *arguments: str | Path, cwd: Path | None = None, before: Sequence[str] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; stdout and stderr are no terminals."""
    return subprocess.run(
        [*before, *COMMAND, *map(str, arguments)],
        cwd=cwd or ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
