"""Pictures of faces for a page: made only when asked for."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import base64
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from av.error import FFmpegError

from fer_core.ledger import VideoSummary
from fer_core.paths import to_path
from fer_core.sources.picture import Orientation
from fer_core.types import ByteArray

_SIDE = 64
_MOST = 50


def thumbnails_of(row: VideoSummary, faces: pd.DataFrame) -> dict[int, str]:
    """A small picture of each of the longest tracks, at its most certain moment.

    Returns:
        JPEG as data URLs by track number; nothing where the source is gone.
    """
    longest = faces["track_id"].value_counts().index[:_MOST]
    best = faces.loc[faces[faces["track_id"].isin(longest)].groupby("track_id").confidence.idxmax()]
    path = to_path(row.source)
    found: dict[int, str] = {}
    for pts, group in best.groupby("pts"):
        picture = _picture_at(path, int(str(pts)))
        if picture is None:
            continue
        for face in group.itertuples():
            found[int(face.track_id)] = _encoded(picture, face)
    return found


def _picture_at(path: Path, pts: int) -> ByteArray | None:
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            container.seek(pts, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts >= pts:
                    stored = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                    upright = Orientation.of(frame).apply(stored)
                    return np.ascontiguousarray(upright)
    except (FFmpegError, OSError, IndexError):
        return None
    return None


def _encoded(picture: ByteArray, face: object) -> str:
    x, y, w, h = (int(getattr(face, f"box_{side}")) for side in "xywh")
    part = picture[max(0, y) : y + h, max(0, x) : x + w]
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
