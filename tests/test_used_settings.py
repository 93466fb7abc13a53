"""The settings of a hash can be read again, as far as they change records."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fer_core.config import ProcessConfig
from fer_core.settings import load_config
from fer_core.used_settings import keep_settings, settings_path, used_settings


def test_what_is_kept_is_read_again_without_what_changes_no_record(tmp_path: Path) -> None:
    config = load_config(ProcessConfig, overrides=["sample.fps=2", "workers=3"])
    keep_settings(tmp_path, "abc", config)
    read = used_settings(tmp_path, "abc")
    assert read is not None
    assert (read.sample.fps, read.workers) == (2, None)
    assert read.settings_hash("weights") == config.settings_hash("weights")


def test_they_are_written_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However many videos begin at once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep_settings(tmp_path, "abc", ProcessConfig()), range(32)))
    assert caplog.text == ""
    before = settings_path(tmp_path, "abc").stat().st_mtime_ns
    keep_settings(tmp_path, "abc", ProcessConfig())
    assert settings_path(tmp_path, "abc").stat().st_mtime_ns == before


@pytest.mark.parametrize("content", ["", "{", json.dumps({"sample": {"colour": "red"}})])
def test_what_cannot_be_understood_is_unknown(tmp_path: Path, content: str) -> None:
    assert used_settings(tmp_path, None) is None
    path = settings_path(tmp_path, "abc")
    path.parent.mkdir()
    path.write_text(content)
    assert used_settings(tmp_path, "abc") is None


def test_a_full_disk_costs_the_settings_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings").write_text("a file where the directory should be")
    keep_settings(tmp_path, "abc", ProcessConfig())
    assert "cannot write" in caplog.text
