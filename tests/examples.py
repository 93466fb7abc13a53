"""Small made-up results that several tests share."""

from datetime import datetime
from pathlib import Path, PurePath

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.sinks.parquet import RecordWriter, TrackedFrame, records_path
from fer_core.types import Faces, FrameFaces, VideoRef


def video(name: str = "door.mp4") -> VideoRef:
    """A reference to a file that need not exist."""
    return VideoRef(Path("/archive") / name, PurePath(name))


def tracked_frame(
    index: int, count: int, seed: int = 0, time_s: float | None = None
) -> TrackedFrame:
    """A frame with `count` faces of random looks, and the numbers of their tracks."""
    random = np.random.default_rng([seed, index])
    raw = random.random((count, 7)).astype(np.float32) + 1e-3
    faces = Faces(
        random.uniform(0, 600, (count, 4)).astype(np.float32),
        random.uniform(0, 600, (count, 10)).astype(np.float32),
        random.random(count).astype(np.float32),
    )
    frame = FrameFaces(
        index,
        index * 512,
        index / 25 if time_s is None else time_s,
        faces,
        raw / raw.sum(axis=1, keepdims=True),
        random.random(count).astype(np.float32),
        random.uniform(-90, 90, count).astype(np.float32),
    )
    return frame, np.arange(count, dtype=np.int32)


def write_records(
    out: Path, ref: VideoRef, frames: list[TrackedFrame], captured_at: datetime | None = None
) -> Path:
    """Writes frames as the records of a video that begins at 0 s."""
    path = records_path(out, ref.video_id, captured_at)
    with atomic_file(path) as temporary:
        writer = RecordWriter(temporary, ref, captured_at, 0.0)
        for frame, track_ids in frames:
            writer.write(frame, track_ids)
        writer.close()
    return path
