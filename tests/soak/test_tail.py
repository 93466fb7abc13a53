"""A tail that runs for half an hour holds no more at its end than at its beginning."""

from pathlib import Path

import pytest

from fer_core.bench.clips import loop
from tests.real.rtsp import need_server
from tests.real.soak import tail_for

pytestmark = pytest.mark.soak

MINUTES = 30


@pytest.mark.timeout(3600)
def test_half_an_hour_of_tailing_is_flat(sample_videos: list[Path], tmp_path: Path) -> None:
    need_server()
    clip = loop(sample_videos[0], tmp_path / "loop.mp4", 5 * 60)  # so it also reconnects
    tail_for(MINUTES * 60, clip, tmp_path / "out", most_mb=30)
