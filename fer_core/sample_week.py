"""A made-up dataset for trying out questions: two cameras, two days, known answers.

No video is made and no network runs: the records are drawn from a script of who shows what
when, with flicker added. Every run gives the same numbers.

    python -m fer_core.sample_week DIR
"""

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.ledger import VideoSummary, write_row
from fer_core.sinks.parquet import RecordWriter, TrackedFrame, records_path
from fer_core.types import Faces, FloatArray, FrameFaces, VideoRef

_FPS = 5
_TICKS = 90_000
"""Units of pts a second."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a person shows from one second to another, and how clearly (0–1)."""

    start_s: float
    end_s: float
    emotion: str
    strength: float = 0.9


@dataclass(frozen=True, slots=True)
class Person:
    """A face: in sight while it has scenes. Pixels, degrees; sharpness as the records have it."""

    scenes: tuple[Scene, ...]
    side: float = 90.0
    yaw: float = 5.0
    sharpness: float = 300.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A video of one camera; its clock begins at `start_time_s`."""

    camera: str
    start: datetime
    people: tuple[Person, ...]
    length_s: float = 60.0
    start_time_s: float = 0.0


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


_CALM = Person((Scene(0, 60, "neutral", 0.8),))
_SHOTS = (
    Shot(
        "door",
        _at(2, 8),
        (
            Person((Scene(2, 22, "neutral"), Scene(22, 40, "happy"))),
            Person((Scene(10, 14, "neutral"), Scene(14, 26, "angry"), Scene(26, 30, "sad"))),
        ),
    ),
    Shot("door", _at(2, 13), (_CALM,)),
    Shot("door", _at(3, 8), (Person((Scene(5, 20, "happy"), Scene(20, 21.5, "surprise"))),)),
    Shot(
        "door",
        _at(3, 13),
        (
            _CALM,
            Person((Scene(30, 45, "fear", 0.7),), side=14, sharpness=20),
            Person((Scene(30, 50, "sad"),), yaw=75),
        ),
    ),
    Shot(
        "hall",
        _at(2, 8),
        (
            Person((Scene(0, 30, "happy"), Scene(30, 33, "surprise"), Scene(33, 50, "happy"))),
            Person((Scene(20, 58, "neutral", 0.7),), side=60),
        ),
    ),
    Shot("hall", _at(2, 13), (Person((Scene(0, 9, "sad"), Scene(15, 24, "sad"))),)),
    Shot("hall", _at(3, 8), (Person((Scene(10, 50, "neutral"), Scene(50, 56, "disgust", 0.8))),)),
)


def make_sample_week(directory: Path) -> list[str]:
    """Writes the dataset: seven videos of a minute, and an eighth that could not be read.

    Args:
        directory: gets `records/` and `videos/`.

    Returns:
        The sources of the videos, which do not exist as files.
    """
    rows = [write_shot(directory, shot, _reference(shot), seed) for seed, shot in enumerate(_SHOTS)]
    missing = Shot("hall", _at(3, 13), ())
    broken = replace(
        _row(missing, _reference(missing)),
        status="failed",
        error="the file is empty (0 bytes)",
        captured_at=None,
    )
    write_row(directory, broken)
    return [row.source for row in (*rows, broken)]


def _reference(shot: Shot) -> VideoRef:
    name = PurePath(shot.camera) / f"{shot.start:%Y%m%d_%H%M%S}.mp4"
    return VideoRef(Path("/archive") / name, name, shot.camera)


def _row(shot: Shot, video: VideoRef) -> VideoSummary:
    done = shot.start + timedelta(hours=1)
    return VideoSummary(
        video_id=video.video_id,
        source=video.source,
        status="ok",
        camera=shot.camera,
        captured_at=shot.start,
        model="sample",
        settings_hash="sample",
        started_at=done,
        finished_at=done,
    )


def write_shot(
    directory: Path, shot: Shot, video: VideoRef, seed: int = 0, annotated: str | None = None
) -> VideoSummary:
    """Writes a shot as the records and the row of a video.

    Args:
        directory: gets `records/` and `videos/`.
        shot: what is seen.
        video: under which name.
        seed: of the flicker.
        annotated: path of its annotated video below the directory, if there is one.
    """
    frames = frames_of(shot, seed)
    row = _row(shot, video)
    with atomic_file(records_path(directory, row.video_id, shot.start)) as temporary:
        named = replace(video, camera=shot.camera)
        writer = RecordWriter(temporary, named, shot.start, shot.start_time_s)
        for frame, tracks in frames:
            writer.write(frame, tracks)
        writer.close()
    row = replace(
        row,
        start_time_s=shot.start_time_s,
        duration_s=shot.length_s,
        fps=25.0,
        width=1280,
        height=720,
        codec="h264",
        frames_decoded=len(frames) * 5,
        frames_sampled=len(frames),
        faces=sum(len(tracks) for _, tracks in frames),
        tracks=len(shot.people),
        annotated=annotated,
    )
    write_row(directory, row)
    return row


def frames_of(shot: Shot, seed: int = 0) -> list[TrackedFrame]:
    """What an analysis would find in a shot, five frames a second, with flicker of this seed."""
    return [_frame(shot, index, seed) for index in range(round(shot.length_s * _FPS))]


def _frame(shot: Shot, index: int, seed: int) -> TrackedFrame:
    time_s = index / _FPS
    seen = [
        (track, person, scene)
        for track, person in enumerate(shot.people)
        for scene in person.scenes
        if scene.start_s <= time_s < scene.end_s
    ]
    people = [person for _, person, _ in seen]
    frame = FrameFaces(
        frame_index=index * 5,
        pts=round((shot.start_time_s + time_s) * _TICKS),
        time_s=shot.start_time_s + time_s,
        faces=Faces(
            np.array([[100 + 300 * t, 80, p.side, p.side] for t, p, _ in seen], np.float32).reshape(
                -1, 4
            ),
            np.zeros((len(seen), 10), np.float32),
            np.full(len(seen), 0.9, np.float32),
        ),
        probabilities=_probabilities([scene for *_, scene in seen], [seed, index]),
        sharpness=np.array([person.sharpness for person in people], np.float32),
        yaw=np.array([person.yaw for person in people], np.float32),
    )
    return frame, np.array([track for track, *_ in seen], np.int32)


def _probabilities(scenes: list[Scene], seed: list[int]) -> FloatArray:
    """(n, 7): what is shown, mixed with flicker that now and then wins a frame."""
    random = np.random.default_rng(seed)
    values = random.random((len(scenes), NUM_EMOTIONS)) ** 4
    for row, scene in zip(values, scenes, strict=True):
        row[EMOTIONS.index(scene.emotion)] += 6 * scene.strength * random.random() ** 0.5
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    made = make_sample_week(Path(sys.argv[1] if len(sys.argv) > 1 else "week"))
    sys.stdout.write("".join(f"{source}\n" for source in made))
