"""What a person sees on a terminal while a run goes on."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from tests.cli.command import COMMAND, ROOT, environment


def test_the_bar_counts_up_and_is_gone_at_the_end(
    sample_videos: list[Path], tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    inputs = [str(video) for video in sample_videos]
    process = subprocess.Popen(
        [*COMMAND, "process", *inputs, "--out", str(tmp_path / "out"), "--device", "cpu"],
        cwd=ROOT,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen = _read(ours)
    assert process.wait(60) == 0, screen
    lines = [line.strip() for line in re.split(r"[\r\n]+", screen) if line.strip()]
    bars = [line for line in lines if re.match(r"\d+% \|", line)]
    assert bars, screen
    assert re.search(
        r"\| [\d:]+ left, \d/3 videos, \d:\d\d:\d\d media, \d+ frames/s, \d+ faces/s$", bars[-1]
    )
    shares = [int(bar.split("%")[0]) for bar in bars]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert "3/3 videos" in bars[-1]
    assert any(line.startswith("3 ok, 0 partial, 0 failed") for line in lines)
    assert "Prefect" not in screen
    assert "Traceback" not in screen


def _read(terminal: int) -> str:
    """Everything until the other end is closed."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # how Linux tells the end of a terminal
            chunk = b""
        if not chunk:
            os.close(terminal)
            return b"".join(chunks).decode()
        chunks.append(chunk)
