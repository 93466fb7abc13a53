"""A dataset with a real video and a script of who shows what: anger at 2–4 s, joy from 4 s on."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer_core.ledger import VideoSummary, write_row
from fer_core.sample_week import Person, Scene, Shot, write_shot
from fer_core.types import VideoRef

HOSTILE = "<img src=x onerror=alert(1)>&\"'</script>.mp4"
START = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
PEOPLE = (
    Person((Scene(0, 2, "neutral"), Scene(2, 4, "angry", 1.0), Scene(4, 8, "happy"))),
    Person((Scene(1, 6, "surprise", 1.0),)),
    Person((Scene(0, 8, "fear"),), side=10),
)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, sample_videos: list[Path]) -> Path:
    """A directory as fer process leaves it, with a hostile name, a start at 3600 s, a failure."""
    base = tmp_path_factory.mktemp("report")
    source = base / "in" / HOSTILE.replace("/", "_")
    source.parent.mkdir()
    shutil.copy(sample_videos[0], source)
    out = base / "out"
    annotated = Path("annotated") / source.name
    (out / "annotated").mkdir(parents=True)
    shutil.copy(source, out / annotated)
    shot = Shot("door <b>", START, PEOPLE, length_s=8.0, start_time_s=3600.0)
    write_shot(out, shot, VideoRef.of(source), annotated=annotated.as_posix())
    broken = VideoRef.of(base / "in" / "broken.mp4")
    row = VideoSummary(broken.video_id, broken.source, "failed", error="0 bytes <script>")
    write_row(out, row)
    return out
