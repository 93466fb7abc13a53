"""What annotated frames show: results of sampled frames, from an analysis or its records."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.errors import RecordsError
from fer_core.types import FloatArray, FrameFaces

_BOX = ["box_x", "box_y", "box_w", "box_h"]
_COLUMNS = ["pts", "time_s", *_BOX, "track_id", *PROBABILITY_COLUMNS]
_BATCH = 4096

_REACH = 5.0
"""Time constants to either side that are looked at: beyond them lies less than 1 % of the mean."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one sampled frame shows: n faces, column by column; n may be 0.

    Args:
        pts: the sampled frame's, in the stream's time base.
        time_s: the same in seconds.
        boxes: (n, 4) float32, x y width height in pixels of the upright frame.
        track_ids: (n,) int32.
        probabilities: (n, 7) float32 in the order of `EMOTIONS`.
    """

    pts: int
    time_s: float
    boxes: FloatArray
    track_ids: NDArray[np.int32]
    probabilities: FloatArray

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.boxes, self.track_ids, self.probabilities)}
        if len(lengths) != 1:
            raise ValueError(f"expected columns of one length, received {sorted(lengths)}")

    @property
    def corners(self) -> FloatArray:
        """(n, 4) left, top, right and bottom of the boxes."""
        return np.concatenate([self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]], axis=1)

    @property
    def emotions(self) -> list[str]:
        """Of each face the most probable one."""
        return [EMOTIONS[best] for best in self.probabilities.argmax(axis=1)]

    @property
    def confidences(self) -> list[float]:
        """Their probabilities, 0–1."""
        return self.probabilities.max(axis=1, initial=0).tolist()

    @classmethod
    def of(cls, frame: FrameFaces, track_ids: NDArray[np.int32]) -> "Overlay":
        """What the records of a frame will say, without reading them back."""
        return cls(frame.pts, frame.time_s, frame.faces.boxes, track_ids, frame.probabilities)


def smoothed(
    shown: Iterable[tuple[T, Overlay]], tau_s: float, most_ahead: int
) -> Iterator[tuple[T, Overlay]]:
    """The same frames in the same order, with the probabilities of `fer_core.smoothing.smooth`.

    Works on a stream: a frame waits until those have come that count for it.

    Args:
        shown: frames in order of time, each with whatever is to come along.
        tau_s: time constant in seconds; 0 leaves the probabilities raw.
        most_ahead: frames that may wait; where more would count, they do not.
    """
    if tau_s == 0:
        yield from shown
        return
    window: deque[Overlay] = deque()
    waiting: deque[tuple[T, Overlay]] = deque()
    reach_s = _REACH * tau_s

    def first() -> tuple[T, Overlay]:
        thing, overlay = waiting.popleft()
        while overlay.time_s - window[0].time_s > reach_s:
            window.popleft()
        return thing, _mean_around(overlay, window, tau_s)

    for thing, overlay in shown:
        while waiting and overlay.time_s - waiting[0][1].time_s > reach_s:
            yield first()
        waiting.append((thing, overlay))
        window.append(overlay)
        if len(waiting) > most_ahead:
            yield first()
    while waiting:
        yield first()


def _mean_around(overlay: Overlay, window: Iterable[Overlay], tau_s: float) -> Overlay:
    if not len(overlay.track_ids):
        return overlay
    seen = [other for other in window if len(other.track_ids)]
    counts = [len(other.track_ids) for other in seen]
    apart_s = np.repeat([abs(other.time_s - overlay.time_s) for other in seen], counts)
    tracks = np.concatenate([other.track_ids for other in seen])
    is_same = tracks == overlay.track_ids[:, np.newaxis]
    weights = is_same * np.exp(-apart_s / tau_s)
    sums = weights @ np.concatenate([other.probabilities for other in seen])
    means = sums / weights.sum(axis=1, keepdims=True)
    return replace(overlay, probabilities=means.astype(np.float32))


def read_overlays(records: Path) -> Iterator[Overlay]:
    """One overlay a sampled frame, in order of pts; read in pieces, so any length will do.

    Args:
        records: the Parquet file of one video.

    Raises:
        RecordsError: the file is missing or damaged.
    """
    try:
        with pq.ParquetFile(records) as file:
            batches = file.iter_batches(_BATCH, columns=_COLUMNS)
            rows = (row for batch in batches for row in batch.to_pylist())
            for (pts, time_s), faces in groupby(rows, key=lambda row: (row["pts"], row["time_s"])):
                seen = [face for face in faces if face["track_id"] is not None]
                yield _overlay(pts, time_s, seen)
    except (OSError, pa.ArrowException) as error:
        raise RecordsError(f"the records of this video cannot be read ({error})") from error


def _overlay(pts: int, time_s: float, faces: list[dict[str, Any]]) -> Overlay:
    def columns(names: list[str]) -> FloatArray:
        values = [[face[name] for name in names] for face in faces]
        return np.array(values, np.float32).reshape(len(faces), len(names))

    tracks = np.array([face["track_id"] for face in faces], np.int32)
    return Overlay(pts, time_s, columns(_BOX), tracks, columns(list(PROBABILITY_COLUMNS)))
