"""What a process holds: memory, threads and descriptors, second by second."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holding:
    """What a process holds at one moment: resident memory in MB, threads, open files."""

    memory_mb: float
    threads: int
    files: int

    @classmethod
    def of(cls, pid: int) -> "Holding":
        place = Path(f"/proc/{pid}")
        fields = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
        memory = int(fields["VmRSS"].split()[0]) / 1024
        return cls(memory, int(fields["Threads"]), len(list((place / "fd").iterdir())))


def watch(process: subprocess.Popen[str], seconds: float) -> list[Holding]:
    """One look a second for so long; the process has to live on."""
    end, looks = time.monotonic() + seconds, []
    while time.monotonic() < end:
        assert process.poll() is None, "it ended early"
        looks.append(Holding.of(process.pid))
        time.sleep(1)
    return looks


def check_flat(looks: list[Holding], most_mb: float) -> str:
    """The last third of the time holds no more than the third after the first; said in words.

    One thread more is none that was leaked: libraries begin and end some of their own. Decoders,
    of which every connection has a new one, have two each.
    """
    third = len(looks) // 3
    middle, last = looks[third : 2 * third], looks[-third:]
    growth = {
        what: median([getattr(one, what) for one in last])
        - median([getattr(one, what) for one in middle])
        for what in ("memory_mb", "threads", "files")
    }
    text = (
        f"memory {looks[third].memory_mb:.0f} → {looks[-1].memory_mb:.0f} MB, threads "
        f"≤ {max(one.threads for one in looks)}, files ≤ {max(one.files for one in looks)}; "
        f"medians differ by {growth}"
    )
    # Medians, as a reconnect holds the old connection and the new for a moment.
    assert growth["memory_mb"] < most_mb, text
    assert growth["threads"] <= 1, text
    assert growth["files"] <= 0, text
    return text


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
