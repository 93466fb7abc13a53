"""Twenty kills at random moments leave the dataset as if there had been none."""

from pathlib import Path

import pytest

from tests.cli.kills import check_kills

pytestmark = pytest.mark.soak


@pytest.mark.timeout(7200)
def test_twenty_kills_change_nothing(sample_videos: list[Path], tmp_path: Path) -> None:
    check_kills(sample_videos, tmp_path, kills=20, seed=20)
