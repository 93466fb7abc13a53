"""When a night is over, which settings it has, and what it leaves of an archive."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fer_core.config import ProcessConfig
from fer_core.errors import ConfigError
from fer_core.ledger import Decision, Todo, VideoSummary, read_rows, write_row
from fer_core.night import NightConfig, NightlyConfig, Removed, retain
from fer_core.selection import select
from fer_core.settings import load_config
from fer_core.types import VideoRef

NOW = datetime(2026, 11, 10, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "zone", "begin", "end"),
    [
        ("06:00", "UTC", "2026-11-01T23:00+00:00", "2026-11-02T06:00+00:00"),
        ("06:00", "UTC", "2026-11-01T05:59+00:00", "2026-11-01T06:00+00:00"),
        ("06:00", "UTC", "2026-11-01T06:00+00:00", "2026-11-02T06:00+00:00"),
        ("06:00", "Europe/Berlin", "2026-11-01T23:00+00:00", "2026-11-02T05:00+00:00"),
        # The night in which summer time ends has an hour more.
        ("06:00", "Europe/Berlin", "2026-10-24T21:00+00:00", "2026-10-25T05:00+00:00"),
    ],
)
def test_a_night_ends_at_a_time_of_day(until: str, zone: str, begin: str, end: str) -> None:
    night = NightConfig(until_time=until, timezone=zone)
    assert night.ends_at(datetime.fromisoformat(begin)) == datetime.fromisoformat(end)


def test_a_night_ends_at_what_comes_first() -> None:
    assert NightConfig().ends_at(NOW) is None
    short = NightConfig(max_hours=1.5, until_time="06:00")
    assert short.ends_at(NOW) == NOW + timedelta(hours=1.5)


def test_nights_have_defaults_of_their_own_that_give_way(tmp_path: Path) -> None:
    usual = NightlyConfig()
    assert (usual.render.enabled, usual.select.settle_s, usual.retries) == (False, 60, 2)
    file = tmp_path / "mine.yaml"
    file.write_text("select: {settle_s: 5m}\nrender: {crf: 30}")
    mine = load_config(NightlyConfig, file, ["retries=0"])
    assert (mine.render.enabled, mine.render.crf) == (False, 30)
    assert (mine.select.settle_s, mine.retries) == (300, 0)
    with pytest.raises(ConfigError):
        load_config(NightlyConfig, None, ["no.such=1"])
    # Whole settings say everything.
    whole = ProcessConfig()
    assert ProcessConfig(**NightlyConfig.model_validate(whole).model_dump()) == whole


def segment(archive: Path, days_ago: int) -> Path:
    begin = NOW - timedelta(days=days_ago)
    path = archive / "door" / f"{begin:%Y-%m-%d}" / f"{begin:%H-%M-%S}Z.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(1000))
    return path


def done(path: Path, out: Path, days_ago: int) -> Path:
    """The annotated video of a file that was analysed so many days ago."""
    video = VideoRef.of(path)
    annotated = out / "annotated" / f"{video.video_id}.mp4"
    annotated.parent.mkdir(parents=True, exist_ok=True)
    annotated.touch()
    name = annotated.relative_to(out).as_posix()
    finished_at = NOW - timedelta(days=days_ago)
    row = VideoSummary(video.video_id, video.source, "ok", finished_at=finished_at, annotated=name)
    write_row(out, row)
    return annotated


def test_only_what_is_old_and_done_goes(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    old, new, undone = (segment(archive, days) for days in (9, 1, 8))
    old_video, new_video = done(old, out, 9), done(new, out, 1)
    rules = NightConfig.model_validate({"keep": {"days": 7}, "keep_annotated_days": 7})
    expected = Removed((old,), (old_video,))
    assert retain(archive, out, NightConfig(), now=NOW) == Removed()
    assert retain(archive, out, rules, dry_run=True, now=NOW) == expected
    assert old.exists()
    assert old_video.exists()
    assert retain(archive, out, rules, now=NOW) == expected
    assert not old.exists()
    assert not old_video.exists()
    assert all(path.exists() for path in (new, undone, new_video))


def test_what_retention_removed_is_not_rendered_again(tmp_path: Path) -> None:
    done(segment(tmp_path / "archive", 9), tmp_path, 9)
    (row,) = read_rows(tmp_path).values()
    decision = Decision(VideoRef(Path(row.source), Path("a.mp4")), Todo.RENDER, row)
    for days, todo in ((7, Todo.NOTHING), (10, Todo.RENDER)):
        config = ProcessConfig.model_validate({"select": {"render_days": days}})
        assert select([decision], config, NOW.timestamp())[0].todo is todo
