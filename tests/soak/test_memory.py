"""Long videos must not need more memory than short ones."""

import subprocess
import sys
from pathlib import Path

import av
import pytest

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


def repeat(clip: Path, minutes: float, out: Path) -> None:
    """The clip's packets over and over again, without encoding anything."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        length = sum(packet.duration for packet in packets)
        for turn in range(int(minutes * 60 / (length * stream.time_base)) + 1):
            for packet in packets:
                again = av.Packet(bytes(packet))
                again.pts, again.dts = (t + turn * length for t in (packet.pts, packet.dts))
                again.time_base, again.is_keyframe = packet.time_base, packet.is_keyframe
                again.duration, again.stream = packet.duration, copy
                target.mux(again)


@pytest.mark.timeout(7200)
def test_memory_does_not_grow_with_length(sample_videos: list[Path], tmp_path: Path) -> None:
    peaks = []
    for minutes in MINUTES:
        video = tmp_path / f"{minutes}.mp4"
        repeat(sample_videos[0], minutes, video)
        command = [sys.executable, "-c", ANALYSE, str(video), str(tmp_path / "out")]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(finished.stdout))
    assert peaks[1] - peaks[0] < MOST_GROWTH_MB, peaks
