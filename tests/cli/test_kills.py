"""A run that is killed again and again ends with what an undisturbed one gives."""

from pathlib import Path

import pytest

from tests.cli.kills import check_kills


@pytest.mark.real
@pytest.mark.timeout(1200)
def test_five_kills_change_nothing(sample_videos: list[Path], tmp_path: Path) -> None:
    check_kills(sample_videos, tmp_path, kills=5)
