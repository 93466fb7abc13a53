"""The short form of the soak test: a minute of tailing, with many reconnects in it."""

from pathlib import Path

import pytest

from fer_core.bench.clips import loop
from tests.real.rtsp import need_server
from tests.real.soak import tail_for

pytestmark = pytest.mark.real


def test_a_minute_of_tailing_is_flat(sample_videos: list[Path], tmp_path: Path) -> None:
    need_server()
    clip = loop(sample_videos[0], tmp_path / "loop.mp4", 5)
    tail_for(60, clip, tmp_path / "out", most_mb=30)
