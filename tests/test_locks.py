"""Who may write to an output directory, and who has to wait."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer_core.errors import InUse
from fer_core.forget import forget
from fer_core.locks import COMPACT, RUN, alone
from tests.cli.command import ROOT, environment, fer

HOLD = """
import sys, time
from pathlib import Path
from fer_core.locks import RUN, alone
with alone(Path(sys.argv[1]), RUN):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    with alone(tmp_path, RUN):
        with pytest.raises(InUse) as caught, alone(tmp_path, RUN):
            pass
        with alone(tmp_path, COMPACT):
            assert len(list(tmp_path.iterdir())) == 2
    for part in (str(tmp_path), f"process {os.getpid()}", f"since {datetime.now(UTC):%Y-%m}"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    with alone(tmp_path, RUN):
        pass


def test_it_dies_with_its_process(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InUse, match=f"by process {holder.pid} on"), alone(tmp_path, RUN):
            pass
        holder.kill()
    with alone(tmp_path, RUN):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused_at_once(tmp_path: Path, sample_videos: list[Path]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with alone(out, RUN):
        result = fer("process", sample_videos[0], "--out", out, "--device", "cpu")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"fer: {out} is in use by process {os.getpid()} on ")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", [RUN, COMPACT])
def test_nothing_is_forgotten_while_others_write(tmp_path: Path, name: str) -> None:
    with alone(tmp_path, name), pytest.raises(InUse):
        forget(tmp_path, camera="door")
    assert str(forget(tmp_path, camera="door")) == "nothing to remove"
