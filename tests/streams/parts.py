"""Part files as a tail writes them, without a camera."""

from datetime import datetime
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


def write_part(
    out: Path, moment: datetime, frames: int = 5, camera: str = "door", ids: ModelIds = IDS
) -> Path:
    """A part that begins at a moment: frames with a face or two, five a second."""
    begin = round(moment.timestamp() * 1e6)
    live = Frame(0, begin, 0.0, NOTHING, np.zeros((2, 2, 3), np.uint8))
    clock = StreamClock()
    clock.hear(0.0, moment.timestamp())
    part = Part(LiveFrame(live, 0.0, 0.0, clock))
    for index in range(frames):
        faces, tracks = tracked_frame(index, count=index % 3, time_s=index / 5)
        object.__setattr__(faces, "pts", begin + index * 200_000)
        part.add(faces, tracks)
    return part.write(out, StreamRun(camera, moment.timestamp()), ids)
