"""Every video on one line."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from pathlib import Path

import pandas as pd

from fer_core.emotions import EMOTIONS
from fer_core.queries.tables import Wanted, faces_by_video, usual_interval_s, videos
from fer_core.queries.timeline import SHARES
from fer_core.records import Names, listed
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import FaceFilter

_LEDGER = "source camera captured_at status error duration_s".split()


def summary(
    directory: str | Path,
    source: Names | None = None,
    faces: FaceFilter | None = None,
    smooth_s: float = SMOOTH_S,
) -> pd.DataFrame:
    """What became of each video, and what its faces show; ordered by source.

    Args:
        directory: the directory given to `fer process --out`.
        source: values of `source`, one or several; all if None.
        faces: which faces are worth believing; all if None.
        smooth_s: time constant of the smoothing in seconds; 0 takes the raw values.

    Returns:
        A row a video, failed ones included: `source`, `camera`, `captured_at`, `status`,
        `error`, `duration_s`, `frames` (looked at), `frames_without_face`, `faces` (rows),
        `tracks`, `face_s` (seconds that faces were seen, several at once counting several
        times), `confidence` (mean), `share_angry` … `share_neutral` (part of the faces that
        show it; NaN where there is no face).

    Raises:
        RecordsError: `directory` holds no dataset.

    Example:
        >>> table = summary("week").tail(2)
        >>> table[["camera", "status", "frames", "tracks", "share_disgust"]].round(2)
          camera  status  frames  tracks  share_disgust
        6   hall      ok     300       1           0.13
        7   hall  failed       0       0            NaN
    """
    rows = videos(directory).rename(columns={"frames_sampled": "frames"})
    if source is not None:
        rows = rows[rows["source"].isin(listed(source))]
    wanted = Wanted(source, faces=faces, smooth_s=smooth_s)
    found = pd.DataFrame(
        [_of_video(part) for part in faces_by_video(directory, wanted)],
        columns=["source", "frames_with_face", "faces", "tracks", "face_s", "confidence", *SHARES],
    )
    table = rows[[*_LEDGER, "frames"]].merge(found, on="source", how="left")
    counts = ["frames_with_face", "faces", "tracks"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["face_s"] = table["face_s"].fillna(0.0)
    table["frames_without_face"] = table["frames"] - table["frames_with_face"]
    counted = ["frames", "frames_without_face", "faces", "tracks", "face_s", "confidence"]
    return table[[*_LEDGER, *counted, *SHARES]]


def _of_video(rows: pd.DataFrame) -> dict[str, object]:
    shares = rows["emotion"].value_counts(normalize=True)
    return {
        "source": rows["source"].iat[0],
        "frames_with_face": rows["pts"].nunique(),
        "faces": len(rows),
        "tracks": rows["track_id"].nunique(),
        "face_s": len(rows) * usual_interval_s(rows["time_s"].to_numpy()),
        "confidence": rows["confidence"].mean(),
        **{f"share_{name}": shares.get(name, 0.0) for name in EMOTIONS},
    }
