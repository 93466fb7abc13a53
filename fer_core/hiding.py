"""Faces that an annotated video is not to show: sought on every frame, bridged where missed.

A detector misses a face now and then, and one frame is enough to recognise somebody. So the
faces of all frames are found first, sampled or not, and followed through time. Where a track has
no face, its box goes in a straight line from the sighting before to the one after; before the
first and after the last one it stays for a moment. Whoever cannot be told apart is hidden.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_core.config import ProcessConfig, SampleConfig
from fer_core.detectors.base import Detector
from fer_core.following import MIN_IOU, Found, find_faces
from fer_core.overlap import read_ahead
from fer_core.sinks.hidden import Hidden
from fer_core.sinks.overlays import Overlay
from fer_core.sources.video import VideoSource
from fer_core.tracking import Tracker
from fer_core.types import Faces, FloatArray

HOLD_S = 1.0
"""How long a face is hidden before it is first found, and after it was last found."""

_MARGIN, _BRIDGED_MARGIN = 0.3, 0.6
"""What is added on each side, in widths and heights of the box: ears and hair are not in it, and
where it is bridged nobody knows how the head moved."""

_FRAMES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Sightings:
    """Every face found on every frame of a video.

    Args:
        pts, times_s: (n,) int64 and seconds of all n frames, rising.
        frames: (k,) which frame each face is on, rising.
        tracks: (k,) whose it is.
        corners: (k, 4) left, top, right and bottom, in widths and heights of the frame.
        kept: (k,) whether the face may be seen.
    """

    pts: NDArray[np.int64]
    times_s: NDArray[np.float64]
    frames: NDArray[np.intp]
    tracks: NDArray[np.int32]
    corners: FloatArray
    kept: NDArray[np.bool_]


def search(
    path: Path,
    detector: Detector,
    config: ProcessConfig,
    records: Iterable[Overlay],
    progress: Callable[[float], None] = lambda done: None,
) -> Sightings:
    """Finds and follows the faces of every frame of a video.

    Args:
        path: the video.
        detector: finds the faces; the lower its threshold, the fewer are missed.
        config: where to decode, how to follow faces, and which track is kept.
        records: what the sampled frames show; they tell which face is that of the track.
        progress: called with the part of the video that is searched, 0–1.

    Raises:
        VideoError: the video cannot be read at all.
    """
    keep = config.render.keep_track
    known = {} if keep is None else {overlay.pts: overlay for overlay in records}
    tracker = Tracker(config.track)
    stamps: list[tuple[int, float]] = []
    found: list[tuple[NDArray[np.int32], FloatArray, NDArray[np.float64]]] = []
    with _faces_of_all_frames(path, detector, config, progress) as frames:
        for frame, faces in frames:
            stamps.append((frame.pts, frame.time_s))
            height, width = frame.luma.shape
            size = np.array([width, height, width, height], np.float32)
            tracks = tracker.update(faces, frame.time_s)
            found.append((tracks, faces.corners / size, _said(faces, known.get(frame.pts), keep)))
    pts, times_s = (np.array(column) for column in zip(*stamps, strict=True))
    tracks, corners, said = (np.concatenate(column) for column in zip(*found, strict=True))
    rows = np.repeat(np.arange(len(pts)), [len(tracks) for tracks, _, _ in found])
    return Sightings(pts, times_s, rows, tracks, corners, _kept_throughout(tracks, said))


@contextmanager
def _faces_of_all_frames(
    path: Path, detector: Detector, config: ProcessConfig, progress: Callable[[float], None]
) -> Iterator[Iterator[Found]]:
    batch = min(detector.batch_size, _FRAMES_AT_ONCE)
    every = SampleConfig(fps="all")
    with (
        VideoSource(path, every, config.detect.long_side, hwaccel=config.decode.hwaccel) as source,
        read_ahead(source.frames(), batch, "decode") as frames,
    ):
        length_s = source.info.duration_s

        def told() -> Iterator[Found]:
            for found in find_faces(frames, detector, batch):
                yield found
                if length_s:
                    done = (found[0].time_s - source.info.start_time_s) / length_s
                    progress(min(1.0, max(0.0, done)))

        yield told()


def _said(faces: Faces, known: Overlay | None, keep: int | None) -> NDArray[np.float64]:
    """For each face whether it is the kept one: 1 or 0 on a sampled frame, nan on others."""
    if keep is None or not len(faces):
        return np.zeros(len(faces))
    if known is None:
        return np.full(len(faces), np.nan)
    import supervision as sv

    mine = known.corners[known.track_ids == keep]
    overlaps = sv.box_iou_batch(faces.corners, mine).max(axis=1, initial=0)
    return ((overlaps >= MIN_IOU) & (overlaps == overlaps.max())).astype(np.float64)


def _kept_throughout(tracks: NDArray[np.int32], said: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A face is kept if its track was the kept one on the sampled frames before and after."""
    kept = np.zeros(len(said), np.bool_)
    for track in np.unique(tracks):
        rows = np.flatnonzero(tracks == track)
        sampled = rows[~np.isnan(said[rows])]
        if len(sampled):
            after = np.searchsorted(sampled, rows)
            before = np.searchsorted(sampled, rows, "right") - 1
            ends = np.clip([before, after], 0, len(sampled) - 1)
            kept[rows] = (said[sampled[ends]] == 1).all(axis=0)
    return kept


def bridge(seen: Sightings) -> Hidden:
    """What is hidden on each frame: the faces that are not kept, and bridges between them."""
    frames: list[NDArray[np.intp]] = []
    parts: list[FloatArray] = []
    bridged: list[NDArray[np.intp]] = []
    for track in np.unique(seen.tracks[~seen.kept]):
        own = np.flatnonzero((seen.tracks == track) & ~seen.kept)
        at, corners = seen.frames[own], seen.corners[own]
        covered = _covered(seen.times_s, seen.times_s[at])
        is_seen = np.isin(covered, at)
        margins = np.where(is_seen, _MARGIN, _BRIDGED_MARGIN)
        frames.append(covered)
        parts.append(_widened(_between(seen.times_s[covered], seen.times_s[at], corners), margins))
        bridged.append(covered[~is_seen])
    if not frames:
        return Hidden(seen.pts, np.zeros(0, np.intp), np.zeros((0, 4), np.float32), 0)
    rows = np.concatenate(frames)
    order = np.argsort(rows, kind="stable")
    count = len(np.unique(np.concatenate(bridged)))
    return Hidden(seen.pts, rows[order], np.concatenate(parts)[order], count)


def _covered(times_s: NDArray[np.float64], seen_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """The frames on which a track is hidden, from its first to its last sighting and a little."""
    first = np.searchsorted(times_s, seen_s[0] - HOLD_S, "left")
    end = np.searchsorted(times_s, seen_s[-1] + HOLD_S, "right")
    return np.arange(first, end)


def _between(
    times_s: NDArray[np.float64], seen_s: NDArray[np.float64], corners: FloatArray
) -> FloatArray:
    columns = [np.interp(times_s, seen_s, column) for column in corners.T]
    return np.stack(columns, axis=1).astype(np.float32)


def _widened(corners: FloatArray, margins: NDArray[np.float64]) -> FloatArray:
    sides = np.tile(corners[:, 2:] - corners[:, :2], 2) * margins[:, np.newaxis]
    return (corners + sides * [-1, -1, 1, 1]).astype(np.float32)
