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
    """The last third of the time holds no more than the third after the first; said in words."""
    third = len(looks) // 3
    middle, last = looks[third : 2 * third], looks[-third:]
    growth = median([one.memory_mb for one in last]) - median([one.memory_mb for one in middle])
    text = (
        f"memory {looks[third].memory_mb:.0f} → {looks[-1].memory_mb:.0f} MB "
        f"(medians differ by {growth:+.1f}), threads ≤ {max(one.threads for one in looks)}, "
        f"files ≤ {max(one.files for one in looks)}"
    )
    assert growth < most_mb, text
    assert max(one.threads for one in last) <= max(one.threads for one in middle), text
    assert max(one.files for one in last) <= max(one.files for one in middle) + 2, text
    return text


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
