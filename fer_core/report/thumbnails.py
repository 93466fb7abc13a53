"""Pictures of faces for a page: made only when asked for."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import base64
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from av.error import FFmpegError

from fer_core.errors import VideoError
from fer_core.ledger import VideoSummary
from fer_core.paths import to_path
from fer_core.sources.container import open_container, video_stream
from fer_core.sources.picture import Orientation
from fer_core.types import ByteArray

_SIDE = 64
_MOST = 50


def thumbnails_of(row: VideoSummary, faces: pd.DataFrame) -> tuple[dict[int, str], str | None]:
    """A small picture of each of the longest tracks, at its most certain moment.

    Args:
        row: whose source is read, from S3 too.
        faces: its faces with their boxes, as `faces_by_video` gives them.

    Returns:
        JPEG as data URLs by track number, and why there are none, where the source cannot be read.
    """
    longest = faces["track_id"].value_counts().index[:_MOST]
    best = faces.loc[faces[faces["track_id"].isin(longest)].groupby("track_id").confidence.idxmax()]
    found: dict[int, str] = {}
    try:
        for pts, group in best.groupby("pts"):
            picture = _picture_at(to_path(row.source), int(str(pts)))
            if picture is not None:
                found |= {
                    int(face.track_id): _encoded(picture, face) for face in group.itertuples()
                }
    except (VideoError, FFmpegError, OSError) as error:
        return {}, f"none, as the recording cannot be read: {error}"
    return found, None


def _picture_at(path: Path, pts: int) -> ByteArray | None:
    with open_container(path) as container:
        stream = video_stream(container, path)
        container.seek(pts, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= pts:
                stored = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                return np.ascontiguousarray(Orientation.of(frame).apply(stored))
    return None


def _encoded(picture: ByteArray, face: object) -> str:
    x, y, w, h = (int(getattr(face, f"box_{side}")) for side in "xywh")
    part = picture[max(0, y) : y + h, max(0, x) : x + w]
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
