"""The flows for cameras in processes of their own, as Prefect users call them: how they end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from fer_core import load_streams
from tests.cli.command import ROOT, environment
from tests.real.rtsp import Server, until
from tests.real.tailing import check_truth

pytestmark = pytest.mark.real

Serve = Callable[..., Server]

TAIL = """
import sys
from flows.tail_stream import tail_stream

file, out = sys.argv[1:]
[door] = tail_stream(["door"], out, roll_s=3600, cameras_file=file)
print(door.parts, "part,", door.error)
"""
CAPTURE = """
import sys
from flows.capture import capture_streams

file, out = sys.argv[1:]
[door] = capture_streams(["door"], out, segment_s=3600, cameras_file=file)
print(door.segments, "segment,", door.error)
"""


def test_a_signal_finishes_files_and_the_run_completes(
    serve: Serve, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    file, tailed, archive = tmp_path / "cameras.yaml", tmp_path / "out", tmp_path / "archive"
    file.write_text(json.dumps({"cameras": {"door": {"url": server.url("door")}}}))

    def start(script: str, out: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", script, str(file), str(out)],
            cwd=ROOT,
            env=environment(PREFECT_HOME=str(out.with_suffix(".prefect"))),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    processes = [start(TAIL, tailed), start(CAPTURE, archive)]
    try:
        until(lambda: all(any(out.glob("streams/*.parquet")) for out in (tailed, archive)), 200)
        processes[0].terminate()
        os.killpg(processes[1].pid, signal.SIGINT)  # as Ctrl-C, which an embedded server gets, too
        said = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0], said
    assert "1 part, None" in said[0]
    assert "1 segment, None" in said[1]
    assert len(check_truth(tailed)) > 0
    [segment] = archive.glob("door/*/[!.]*.mp4")
    with av.open(str(segment)) as container:
        assert next(container.demux(video=0)).is_keyframe
    for out in (tailed, archive):
        assert list(load_streams(out)["ended"]) == ["stopped"]
