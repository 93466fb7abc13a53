"""Long videos must not need more memory than short ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from fer_core.bench.clips import loop

pytestmark = pytest.mark.soak

MINUTES = (2, 30)
MOST_GROWTH_MB = 100

ANALYSE = """
import resource, sys
from fer_core import ProcessConfig, analyse
config = ProcessConfig.model_validate({"sample": {"fps": "all"}, "render": {"enabled": False}})
summary = analyse(sys.argv[1], sys.argv[2], config=config)
assert summary.status == "ok", summary.error
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.timeout(7200)
def test_memory_does_not_grow_with_length(sample_videos: list[Path], tmp_path: Path) -> None:
    peaks = []
    for minutes in MINUTES:
        video = tmp_path / f"{minutes}.mp4"
        loop(sample_videos[0], video, minutes * 60)
        command = [sys.executable, "-c", ANALYSE, str(video), str(tmp_path / "out")]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(finished.stdout))
    assert peaks[1] - peaks[0] < MOST_GROWTH_MB, peaks
