"""Settings: what is refused, and in which words."""

from pathlib import Path

import pytest

from fer_core.config import ProcessConfig
from fer_core.errors import ConfigError
from fer_core.settings import load_config


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sample.fps=inf", "sample.fps: Input should be a finite number, got 'inf'"),
        ("sample.fps=0", "sample.fps: Input should be greater than 0, got 0"),
        ("archive.pattern=(", "archive.pattern: Value error, no regular expression"),
        ("archive.pattern=[0-9]+", "expected a group named time or camera"),
        ("archive.timezone=Mars", "expected an IANA name such as Europe/Berlin, got 'Mars'"),
        ("render.preset=fastest", "render.preset: Input should be 'ultrafast'"),
        ("detect.size=3", "detect.size: Extra inputs are not permitted, got 3"),
        ("workers", "expected key=value, got 'workers'"),
        ("workers.most=3", "workers: Input should be a valid integer"),
        ("select.settle_s=soon", "select.settle_s: Input should be a valid number"),
        ("select.until=tomorrow", "expected a date or time: 2026-11-01, 2026-11-01T22:00, got"),
        ("workers={", "workers: Input should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_said_by_its_key(override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(ProcessConfig, overrides=[override])
    assert words in str(caught.value)


def test_batch_sizes_and_workers_do_not_change_the_settings_hash() -> None:
    plain = ProcessConfig().settings_hash("detector", "classifier")

    def changed(*overrides: str) -> bool:
        config = load_config(ProcessConfig, overrides=list(overrides))
        return config.settings_hash("detector", "classifier") != plain

    assert not changed("detect.batch_size=3", "classify.batch_size=5", "workers=2", "render.crf=30")
    assert not changed("decode.hwaccel=cuda")
    assert changed("sample.skip=nonref")
    assert changed("detect.min_score=0.5")
    assert changed("track.lost_s=1")


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("1.5m", 90), ("2h", 7200), ("1d", 86400), ("7", 7)]
)
def test_spans_of_time_may_have_a_unit(text: str, seconds: float) -> None:
    config = load_config(ProcessConfig, overrides=[f"select.settle_s={text}"])
    assert config.select.settle_s == seconds


def test_a_date_in_yaml_is_a_date() -> None:
    config = load_config(ProcessConfig, overrides=["select.since=2026-11-01"])
    assert config.select.since == "2026-11-01"


def test_a_key_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    """Else the last one would count, and the first not, without a word."""
    file = tmp_path / "settings.yaml"
    file.write_text("workers: 2\ndetect:\n  every: 2\n  every: 3\n")
    with pytest.raises(ConfigError, match=r"(?s)'every' stands twice.*line 4"):
        load_config(ProcessConfig, file)
