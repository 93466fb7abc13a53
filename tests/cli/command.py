"""Runs `fer` as a person does: another process, with its own streams and signals."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "fer_core.cli.main"]
ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """That of the tests, with the checkout importable from everywhere."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def fer(
    *arguments: str | Path, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; stdout and stderr are no terminals."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd or ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
