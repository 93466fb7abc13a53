"""Runs a job in a fresh process, and watches the memory of all that it starts."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fer_core.bench.job import Job, Outcome
from fer_core.errors import FerError

_INTERVAL_S = 0.25  # reading it costs the process that is measured, too
_PROC = Path("/proc")


def measure(job: Job, cache: Path) -> Outcome:
    """What a job measures of itself, with its memory.

    Args:
        job: what to do.
        cache: directory for temporary results, and for Prefect's database.

    Raises:
        FerError: the process failed.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".scratch-") as directory:
        scratch = Path(directory)
        command = [sys.executable, "-m", "fer_core.bench.work", job.to_json(), directory]
        output, errors = scratch / ".stdout", scratch / ".stderr"
        with output.open("w") as stdout, errors.open("w") as stderr:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=_env(cache)
            )
            try:
                memory = _watch(process)
            finally:
                process.kill()
                process.wait()
        if process.returncode:
            lines = errors.read_text(errors="replace").strip().splitlines() or ["no message"]
            raise FerError(f"{job.what} of {', '.join(job.videos)} failed: {lines[-1]}")
        outcome = Outcome.from_json(output.read_text().splitlines()[-1])
    return replace(outcome, peak_mb=max(memory), quarters_mb=_quarters(memory))


def _env(cache: Path) -> dict[str, str]:
    """That of this process, with a Prefect of the benchmark's own."""
    root = str(Path(__file__).parents[2])
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    path = os.pathsep.join(filter(None, [root, env.get("PYTHONPATH")]))
    return {**env, "PYTHONPATH": path, "PREFECT_HOME": str(cache / "prefect")}


def _watch(process: subprocess.Popen[bytes]) -> list[float]:
    """Memory of a process and its descendants until it ends, at even intervals."""
    memory = [0.0]
    while process.poll() is None:
        memory.append(sum(_pss_mb(pid) for pid in _tree(process.pid)))
        time.sleep(_INTERVAL_S)
    return memory


def _tree(root: int) -> Iterator[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def _pss_mb(pid: int) -> float:
    """Memory of a process, shared pages counted in part; 0 if it has ended."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = (int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return next(sizes, 0) * 1024 / 1e6


def _quarters(memory: list[float]) -> tuple[float, ...]:
    if len(memory) < 4:
        return ()
    return tuple(max(memory[i * len(memory) // 4 : (i + 1) * len(memory) // 4]) for i in range(4))
