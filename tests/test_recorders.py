"""Camera and time out of the names that common recorders give, by the files in `configs/`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from fer_core.capture_time import NamedCapture, capture_from_name
from fer_core.config import ArchiveConfig, ProcessConfig
from fer_core.settings import load_config

CONFIGS = Path(__file__).parents[1] / "configs"
BERLIN = datetime(2026, 11, 1, 22, 30, tzinfo=UTC)
"""Half past eleven at night there."""

NAMES = [
    ("hikvision", "NVR_01_20261101233000_20261101234500.mp4", "NVR_01"),
    ("hikvision", "ch01_20261101233000.mp4", "ch01"),
    ("hikvision", "192.168.1.64_01_20261101233000123_MOTION.mp4", "192.168.1.64_01"),
    ("hikvision", "NVR_ch1_main_20261101233000_20261101234500.dav", "NVR_ch1_main"),
    ("dahua", "door/2026-11-01/001/dav/23/23.30.00-23.45.00[R][0@0][0].dav", "door-001"),
    ("dahua", "NVR/2026-11-01/002/dav/23/23.30.00-23.45.00[M][0@0][0].mp4", "NVR-002"),
    ("reolink", "2026/11/01/Front Door_00_20261101233000.mp4", "Front Door"),
    ("reolink", "yard_cam_03_20261101233000.mp4", "yard_cam"),
]


def config(name: str, *overrides: str) -> ArchiveConfig:
    return load_config(ProcessConfig, CONFIGS / f"{name}.yaml", list(overrides)).archive


@pytest.mark.parametrize(("recorder", "name", "camera"), NAMES, ids=lambda value: value)
def test_local_names(recorder: str, name: str, camera: str) -> None:
    archive = config(recorder, "archive.timezone=Europe/Berlin")
    assert capture_from_name(Path("/nvr") / name, archive) == NamedCapture(BERLIN, camera)


def test_frigate_names_in_utc() -> None:
    path = Path("/media/frigate/recordings/2026-11-01/22/front_door/30.00.mp4")
    assert capture_from_name(path, config("frigate")) == NamedCapture(BERLIN, "front_door")


@pytest.mark.parametrize("recorder", ["hikvision", "dahua", "reolink", "frigate"])
def test_the_file_itself_explains_its_names_and_other_names_tell_nothing(recorder: str) -> None:
    text = (CONFIGS / f"{recorder}.yaml").read_text(encoding="utf-8")
    assert set(yaml.safe_load(text)) == {"archive"}
    for name in ("holiday.mp4", "2026/beach 01.mp4", "IMG_20261101.mp4"):
        assert capture_from_name(Path("/nvr") / name, config(recorder)) == NamedCapture()


def test_days_alone_and_impossible_ones() -> None:
    archive = ArchiveConfig(pattern=r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")
    day = capture_from_name(Path("/a/2026-11-01.mp4"), archive)
    assert day == NamedCapture(datetime(2026, 11, 1, tzinfo=UTC))
    assert capture_from_name(Path("/a/2026-13-01.mp4"), archive) == NamedCapture()
