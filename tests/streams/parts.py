"""Part files as a tail writes them, without a camera."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from fer_core.engine import ModelIds
from fer_core.streams.connection import StreamClock
from fer_core.streams.frames import LiveFrame
from fer_core.streams.parts import Part, StreamRun
from fer_core.types import Frame
from tests.examples import tracked_frame

NOTHING = np.zeros((2, 2), np.uint8)
IDS = ModelIds("net@1", "settings")
BEGAN = datetime(2026, 10, 1, tzinfo=UTC)


def write_part(
    out: Path,
    moment: datetime,
    frames: int = 5,
    camera: str = "door",
    ids: ModelIds = IDS,
    began: datetime = BEGAN,
) -> Path:
    """Writes a part of the tail that began then."""
    part = make_part(moment, frames, began=began)
    return part.write(out, StreamRun(camera, began.timestamp()), ids)


def make_part(
    moment: datetime, frames: int = 5, second: float = 0, began: datetime = BEGAN
) -> Part:
    """A part that begins so many seconds after a moment: five frames a second, up to two faces."""
    moment += timedelta(seconds=second)
    begin, time_s = round(moment.timestamp() * 1e6), (moment - began).total_seconds()
    live = Frame(0, begin, time_s, NOTHING, np.zeros((2, 2, 3), np.uint8))
    clock = StreamClock()
    clock.hear(0.0, 0.0, moment.timestamp())
    part = Part(LiveFrame(live, 0.0, 0.0, clock))
    for index in range(frames):
        faces, tracks = tracked_frame(index, count=index % 3, time_s=time_s + index / 5)
        object.__setattr__(faces, "pts", begin + index * 200_000)
        part.add(faces, tracks)
    return part
