"""Annotated videos without recognisable faces."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_core import Engine, analyse, load_records
from fer_core.batch import plan, summarise
from fer_core.cli.run import describe
from fer_core.config import ProcessConfig, SampleConfig
from fer_core.errors import ConfigError
from fer_core.hiding import HOLD_S, Sightings, bridge
from fer_core.ledger import Todo, decide
from fer_core.pipeline import process
from fer_core.settings import load_config
from fer_core.sources.video import VideoSource
from fer_core.types import Faces, FloatArray, VideoRef


def settings(*overrides: str) -> ProcessConfig:
    return load_config(
        ProcessConfig, overrides=["device=cpu", "render.preset=ultrafast", *overrides]
    )


EVERYBODY = settings("render.blur=faces", "sample.fps=1")


@pytest.fixture(scope="module")
def searching() -> Iterator[Engine]:
    with Engine.load(EVERYBODY) as engine:
        yield engine


def found(video: Path, engine: Engine) -> list[Faces]:
    """Faces of each frame, by the detector that is easily convinced."""
    with VideoSource(video, SampleConfig(fps="all")) as source:
        return engine.searcher.detect([frame.bgr for frame in source.frames()])


def clip(videos: list[Path], name: str) -> Path:
    return next(video for video in videos if video.name == name)


def test_no_face_is_found_on_any_frame_though_few_were_sampled(
    sample_videos: list[Path], searching: Engine, tmp_path: Path
) -> None:
    video = clip(sample_videos, "tilt.mp4")
    row = analyse(video, tmp_path, searching, EVERYBODY)
    assert row.annotated is not None
    assert row.shows == "smoothed over 0.5 s, blurred"
    assert row.faces > 0
    assert row.frames_bridged is not None
    assert 20 <= row.frames_bridged <= 60, "a second before it comes and one after it goes"
    assert sum(map(len, found(tmp_path / row.annotated, searching))) == 0
    summary = summarise(tmp_path, plan([str(video)], tmp_path, EVERYBODY), {})
    assert (summary.pending, summary.blurred) == (0, 1)
    assert (
        f"faces blurred in 1 video; on {row.frames_bridged} frames one was not found and bridged"
        in describe(summary, tmp_path)
    )


def test_one_stays_where_others_are_blurred(
    sample_videos: list[Path], searching: Engine, tmp_path: Path
) -> None:
    video = clip(sample_videos, "video-call.mp4")
    row = analyse(video, tmp_path, searching, settings("render.blur=others", "render.keep_track=1"))
    assert row.annotated is not None
    kept = load_records(tmp_path).query("track_id == 1").iloc[0]
    left = [faces.corners[:, 0] for faces in found(tmp_path / row.annotated, searching)]
    assert {len(faces) for faces in left} == {1}
    assert np.concatenate(left) == pytest.approx(float(kept.box_x) * 640 / 960, abs=30)


def test_a_track_that_nobody_is_blurs_everybody_and_says_so(
    sample_videos: list[Path],
    searching: Engine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nobody = settings("render.blur=others", "render.keep_track=99", "sample.fps=1")
    row = analyse(clip(sample_videos, "zoom.mp4"), tmp_path, searching, nobody)
    assert row.annotated is not None
    assert "nobody is track 99" in caplog.text
    assert sum(map(len, found(tmp_path / row.annotated, searching))) == 0


def test_blurring_takes_the_place_of_a_video_that_shows_faces(
    sample_videos: list[Path], searching: Engine, tmp_path: Path
) -> None:
    video, plain, blurred = clip(sample_videos, "zoom.mp4"), settings("sample.fps=1"), EVERYBODY
    first = analyse(video, tmp_path, searching, plain)

    def decision(config: ProcessConfig) -> Todo:
        ref, ids = VideoRef.of(video), searching.settings_hash
        return decide([ref], tmp_path, first.settings_hash or ids, True, config.shown)[0].todo

    assert (decision(plain), decision(blurred)) == (Todo.NOTHING, Todo.RENDER)
    [todo] = decide([VideoRef.of(video)], tmp_path, searching.settings_hash, True, blurred.shown)
    row = process(todo, tmp_path, searching, blurred)
    assert sum(map(len, found(tmp_path / str(row.annotated), searching))) == 0
    assert (decision(plain), decision(blurred)) == (Todo.RENDER, Todo.NOTHING)
    (tmp_path / "annotated").rename(tmp_path / "old")
    (tmp_path / "annotated").write_text("in the way")
    row = process(todo, tmp_path, searching, blurred)
    assert (row.status, row.annotated) == ("partial", None)


def test_who_stays_has_to_be_named() -> None:
    for unclear in ("render.blur=others", "render.keep_track=1"):
        with pytest.raises(ConfigError, match="which face stays"):
            settings(unclear)


def sightings(frames: list[int], corners: list[list[float]], fps: int = 8) -> Sightings:
    """One face on some of 60 frames."""
    return Sightings(
        np.arange(60),
        np.arange(60) / fps,
        np.array(frames),
        np.zeros(len(frames), np.int32),
        np.array(corners, np.float32),
        np.zeros(len(frames), bool),
    )


def middle(parts: FloatArray) -> list[float]:
    [part] = parts
    return [float(part[0] + part[2]) / 2, float(part[1] + part[3]) / 2]


def test_a_missed_face_is_hidden_on_the_way_between_and_for_a_while_around() -> None:
    hidden = bridge(sightings([20, 24], [[0.2, 0.2, 0.3, 0.3], [0.6, 0.2, 0.7, 0.3]]))
    assert middle(hidden.at(22)) == pytest.approx([0.45, 0.25])
    assert middle(hidden.at(12)) == pytest.approx([0.25, 0.25])
    assert middle(hidden.at(32)) == pytest.approx([0.65, 0.25])
    assert len(hidden.at(11)) == len(hidden.at(33)) == 0
    assert hidden.bridged == 3 + 2 * HOLD_S * 8


def test_bridges_are_wider_and_every_part_holds_its_face() -> None:
    hidden = bridge(sightings([20, 22], [[0.4, 0.4, 0.5, 0.5]] * 2))
    seen, missed = hidden.at(20)[0], hidden.at(21)[0]
    assert seen == pytest.approx([0.37, 0.37, 0.53, 0.53], abs=1e-6)
    assert missed == pytest.approx([0.34, 0.34, 0.56, 0.56], abs=1e-6)


def test_a_picture_that_was_not_searched_hides_what_both_its_neighbours_do() -> None:
    seen = sightings([20, 21], [[0.1, 0.1, 0.2, 0.2], [0.3, 0.1, 0.4, 0.2]])
    doubled = Sightings(seen.pts * 2, *(getattr(seen, n) for n in Sightings.__slots__[1:]))
    hidden = bridge(doubled)
    assert len(hidden.at(41)) == 2
    assert len(hidden.at(40)) == 1
    assert len(hidden.at(-5)) == len(hidden.at(500)) == 0


def test_nobody_is_nothing_to_hide() -> None:
    empty = sightings([], [])
    nobody = bridge(
        Sightings(
            empty.pts,
            empty.times_s,
            np.zeros(0, np.intp),
            empty.tracks,
            np.zeros((0, 4), np.float32),
            empty.kept,
        )
    )
    assert nobody.bridged == 0
    assert len(nobody.at(3)) == 0
