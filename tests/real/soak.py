"""Tails a looped stream in a process of its own, and watches what it holds."""

import subprocess
import sys
from pathlib import Path

from fer_core import load_records
from tests.cli.command import COMMAND, ROOT, environment
from tests.real.growth import check_flat, watch
from tests.real.rtsp import Server, until


def tail_for(seconds: float, clip: Path, out: Path, most_mb: float) -> None:
    """Runs `fer tail` for so long; fails if it grows, and writes to stderr what it held."""
    server = Server({"door": {"file": str(clip)}})
    command = [*COMMAND, "tail", server.url("door"), "--out", str(out), "--roll", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        until(lambda: any(out.glob("records/*/[!.]*.parquet")), 200)
        looks = watch(process, seconds)
        process.terminate()
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        server.kill()
    assert process.returncode == 0
    text = check_flat(looks, most_mb)
    sys.stderr.write(f"{said.strip()}; {text}; {len(load_records(out))} rows\n")
