"""Questions to the made-up week, and what its script says."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pytest

import fer_core
from fer_core import FaceFilter
from fer_core.errors import ConfigError, RecordsError
from fer_core.queries.tables import parts_by_video
from fer_core.records import open_records
from fer_core.sample_week import make_sample_week

TUESDAY = datetime(2026, 11, 3, tzinfo=UTC)
DOOR = "/archive/door/20261102_080000.mp4"
HALL = "/archive/hall/20261102_080000.mp4"


def test_the_week_is_the_same_every_time(week: Path, tmp_path: Path) -> None:
    make_sample_week(tmp_path)
    pd.testing.assert_frame_equal(fer_core.load_records(tmp_path), fer_core.load_records(week))


def test_one_stretch_of_anger_is_found_where_the_script_has_it(week: Path) -> None:
    angry = fer_core.episodes(week, emotion="angry", min_s=2)
    assert len(angry) == 1
    found = angry.iloc[0]
    assert (found.source, found.camera, found.track_id) == (DOOR, "door", 1)
    assert found.start_s == pytest.approx(14, abs=1)
    assert found.end_s == pytest.approx(26, abs=1)
    assert found.start_s <= found.peak_s <= found.end_s
    assert found.peak >= found.confidence >= 0.6
    assert found.captured_at == datetime(2026, 11, 2, 8, 0, tzinfo=UTC) + pd.Timedelta(
        seconds=found.start_s
    )


def test_a_track_that_was_away_for_long_begins_a_new_stretch(week: Path) -> None:
    sad = fer_core.episodes(week, emotion="sad", source="/archive/hall/20261102_130000.mp4")
    assert [round(second) for second in sad.start_s] == [0, 15]
    bridged = fer_core.episodes(
        week, emotion="sad", source="/archive/hall/20261102_130000.mp4", max_gap_s=10
    )
    assert len(bridged) == 1


def test_smoothing_takes_flicker_out_of_stretches(week: Path) -> None:
    raw = fer_core.episodes(week, emotion="happy", source=HALL, min_s=0, smooth_s=0)
    smooth = fer_core.episodes(week, emotion="happy", source=HALL, min_s=0)
    assert len(smooth) < len(raw)


def test_short_stretches_and_other_emotions_are_left_out(week: Path) -> None:
    every = fer_core.episodes(week)
    assert (every.duration_s >= 2 - 1e-6).all()
    assert set(every.emotion) == {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}
    assert fer_core.episodes(week, emotion="surprise", min_s=30).empty


@pytest.mark.parametrize("by", ["track", "video", "camera"])
def test_shares_and_means_of_a_bin_sum_to_one(week: Path, by: str) -> None:
    bins = fer_core.timeline(week, every="10s", by=by)
    for prefix in ("share_", "p_"):
        sums = bins[[f"{prefix}{emotion}" for emotion in fer_core.EMOTIONS]].sum(axis=1)
        assert sums.to_list() == pytest.approx([1] * len(bins), abs=1e-5)
    assert bins.faces.sum() == fer_core.load_records(week).face_index.notna().sum()


def test_bins_follow_the_clock_of_the_video(week: Path) -> None:
    bins = fer_core.timeline(week, source=DOOR, every="500ms", by="video")
    assert bins.time_s.iat[0] == 2.0
    assert set(bins.time_s * 2 % 1) == {0}
    assert bins.seconds.sum() == pytest.approx(58)


def test_bins_of_cameras_follow_the_wall_clock_of_a_zone(week: Path) -> None:
    hours = fer_core.timeline(week, every="1h", by="camera", timezone="Europe/Berlin")
    monday = hours[(hours.camera == "hall") & (hours.start < pd.Timestamp("2026-11-03"))]
    assert monday.start.to_list() == [
        pd.Timestamp("2026-11-02 09:00"),
        pd.Timestamp("2026-11-02 14:00"),
    ]
    assert monday.emotion.to_list() == ["happy", "sad"]


def test_one_bin_of_everything_has_no_time(week: Path) -> None:
    tracks = fer_core.timeline(week, every=None)
    assert "time_s" not in tracks
    assert len(tracks) == 11
    assert len(fer_core.timeline(week, every=None, by="camera")) == 2


def test_one_argument_leaves_out_faces_not_to_be_trusted(week: Path) -> None:
    tuesday = "/archive/door/20261103_130000.mp4"
    small, turned = FaceFilter(min_side=20), FaceFilter(max_yaw=60)

    def shown(faces: FaceFilter | None) -> set[str]:
        return set(fer_core.episodes(week, source=tuesday, faces=faces).emotion)

    assert shown(None) == {"neutral", "fear", "sad"}
    assert shown(small) == {"neutral", "sad"}
    assert shown(turned) == {"neutral", "fear"}
    assert shown(FaceFilter(min_side=20, max_yaw=60)) == {"neutral"}
    assert set(fer_core.load_records(week, sources=tuesday, faces=small).box_w) == {90}
    assert fer_core.timeline(week, faces=FaceFilter(min_sharpness=1e6)).empty
    table = fer_core.summary(week, source=tuesday, faces=FaceFilter(min_score=0.95))
    assert (table.faces.item(), table.frames_without_face.item()) == (0, 300)


def test_a_filter_that_makes_no_sense_is_said() -> None:
    with pytest.raises(ConfigError, match="max_yaw in 0–90"):
        FaceFilter(max_yaw=120)


def test_a_summary_has_a_row_for_every_video_failed_ones_too(week: Path) -> None:
    table = fer_core.summary(week)
    assert table.status.to_list() == ["ok"] * 7 + ["failed"]
    door = table[table.source == DOOR].iloc[0]
    assert (door.frames, door.frames_without_face, door.tracks) == (300, 110, 2)
    assert door.face_s == pytest.approx(58)
    assert len(fer_core.summary(week, source=[DOOR, HALL])) == 2


def test_filters_keep_other_videos_closed(week: Path) -> None:
    condition = ds.field("source") == DOOR
    parts = list(parts_by_video(open_records(week), condition))
    assert len(parts) == 1
    tuesday = ds.field("captured_at") >= TUESDAY
    assert len(list(parts_by_video(open_records(week), tuesday))) == 3
    assert set(fer_core.timeline(week, since=TUESDAY).source) == {
        "/archive/door/20261103_080000.mp4",
        "/archive/door/20261103_130000.mp4",
        "/archive/hall/20261103_080000.mp4",
    }


def test_what_cannot_be_used_is_said(week: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="span of time such as 1s"):
        fer_core.timeline(week, every="often")
    with pytest.raises(ConfigError, match="above 0"):
        fer_core.timeline(week, every="0s")
    with pytest.raises(ConfigError, match="expected by to be one of track, video, camera"):
        fer_core.timeline(week, by="person")  # pyright: ignore
    with pytest.raises(ConfigError, match="IANA name"):
        fer_core.timeline(week, by="camera", timezone="Mars/North")
    with pytest.raises(RecordsError, match="no emotion joy"):
        fer_core.episodes(week, emotion="joy")
    with pytest.raises(RecordsError, match="holds no videos"):
        fer_core.videos(tmp_path)
