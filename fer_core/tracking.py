"""Boxes of one video, in time order, to tracks.

The tracker is ByteTrack (Zhang et al., ECCV 2022) from the package `trackers`: it is kept up,
under a free licence, needs no second network, and takes time stamps, so that variable frame
rates, gaps and sparse sampling are measured in seconds and not in frames. Overlap is measured
between boxes widened on each side (buffered IoU, Yang et al., WACV 2023), because at a few
samples a second a small face can move by more than its own width.
"""

import itertools
import warnings

import numpy as np
from numpy.typing import NDArray

from fer_core.config import TrackConfig
from fer_core.types import Faces

BUFFER_RATIO = 0.3  # widening of a box on each side, as in the first pass of the paper


class Tracker:
    """Gives each face of one video the number of its track, from 0 in order of appearance.

    Args:
        config: how long a face may be out of sight, and what overlap makes it the same.

    Example:
        >>> tracker = Tracker(TrackConfig())
        >>> tracker.update(Faces.none(), time_s=0.0)
        array([], dtype=int32)
    """

    def __init__(self, config: TrackConfig) -> None:
        from trackers import ByteTrackTracker
        from trackers.utils.iou import BIoU

        self._ids = itertools.count()
        self._last_time_s = -np.inf
        self._tracker = ByteTrackTracker(
            lost_track_buffer=max(1, round(config.lost_s * 30)),  # it counts at 30 a second
            track_activation_threshold=0.0,  # the detector's threshold has already decided
            high_conf_det_threshold=0.0,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=config.min_iou,
            iou=BIoU(BUFFER_RATIO),
        )

    def update(self, faces: Faces, time_s: float) -> NDArray[np.int32]:
        """Track numbers (n,) int32 of the faces of the next frame.

        Args:
            faces: the n faces of the frame.
            time_s: its time, later than that of the frame before. A frame with the same time
                stamp as the one before begins new tracks.
        """
        track_ids = np.full(len(faces), -1, np.int32)
        if time_s > self._last_time_s:
            self._last_time_s = time_s
            self._associate(faces, time_s, track_ids)
        unmatched = np.flatnonzero(track_ids < 0)
        track_ids[unmatched] = [next(self._ids) for _ in unmatched]
        return track_ids

    def _associate(self, faces: Faces, time_s: float, track_ids: NDArray[np.int32]) -> None:
        import supervision as sv

        detections = sv.Detections(
            xyxy=faces.corners.astype(np.float64),
            confidence=faces.scores,
            data={"row": np.arange(len(faces))},
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notes on time steps, which we check ourselves
            tracked = self._tracker.update(detections, timestamp=time_s)
        rows = np.asarray(tracked.data.get("row", []), np.intp)
        found = np.asarray(tracked.tracker_id, np.int32)
        track_ids[rows] = found
        # The library numbers a track at its second sighting; a face seen once is a track too.
        # New tracks stand at the end of its list, in the order of their unmatched boxes.
        spawned = [track for track in self._tracker.tracks if track.tracker_id == -1]
        for track, row in zip(spawned, rows[found == -1], strict=True):
            track.tracker_id = track_ids[row] = next(self._ids)
