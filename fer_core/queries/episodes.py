"""Stretches of time in which a face shows one emotion."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from datetime import datetime
from pathlib import Path

import pandas as pd

from fer_core.queries.tables import Wanted, faces_by_video
from fer_core.records import Names, check_emotions, listed
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import FaceFilter

COLUMNS = (
    "source camera track_id emotion start_s end_s duration_s peak_s peak confidence captured_at"
).split()

_ROUNDING_S = 1e-6


def episodes(
    directory: str | Path,
    emotion: Names | None = None,
    min_s: float = 2.0,
    min_confidence: float = 0.6,
    source: Names | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    faces: FaceFilter | None = None,
    smooth_s: float = SMOOTH_S,
    max_gap_s: float = 2.0,
) -> pd.DataFrame:
    """Stretches in which a track shows one emotion without a break, in order of source and time.

    Args:
        directory: the directory given to `fer process --out`.
        emotion: one emotion or several; all if None.
        min_s: shortest stretch in seconds, from its first to its last sampled frame.
        min_confidence: what the emotion's smoothed probability may not fall below (0–1).
        source: values of `source`, one or several; all if None.
        since, until: bounds of `captured_at`, as in `load_records`.
        faces: which faces are worth believing; all if None.
        smooth_s: time constant of the smoothing in seconds; 0 takes the raw values.
        max_gap_s: a track that is out of sight for longer ends its stretch.

    Returns:
        A row a stretch: `source`, `camera`, `track_id`, `emotion`, `start_s`, `end_s`,
        `duration_s` and `peak_s` (seconds of the video's own clock), `peak` and `confidence`
        (greatest and mean probability, 0–1), `captured_at` (wall clock of the start, or NaT).

    Raises:
        RecordsError: there are no records, or an emotion does not exist.

    Example:
        >>> angry = episodes("week", emotion="angry", min_s=2, min_confidence=0.6)
        >>> angry[["camera", "track_id", "start_s", "duration_s", "peak"]].round(2)
          camera  track_id  start_s  duration_s  peak
        0   door         1     14.2        11.2  0.83
    """
    wanted = listed(emotion) if emotion is not None else None
    check_emotions(wanted or ())
    chosen = Wanted(source, since, until, faces, smooth_s)
    parts = [
        part
        for rows in faces_by_video(directory, chosen)
        if len(part := stretches_of(rows, wanted, min_s, min_confidence, max_gap_s))
    ]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["source", "start_s", "track_id"], ignore_index=True)


def stretches_of(
    rows: pd.DataFrame,
    wanted: list[str] | None = None,
    min_s: float = 2.0,
    min_confidence: float = 0.6,
    max_gap_s: float = 2.0,
) -> pd.DataFrame:
    """The episodes of the faces of one video, as `faces_by_video` gives them."""
    rows = rows.sort_values(["track_id", "time_s"], ignore_index=True)
    holds = rows["confidence"] >= min_confidence
    if wanted is not None:
        holds &= rows["emotion"].isin(wanted)
    codes = rows["emotion"].cat.codes.where(holds, -1)
    breaks = (
        (rows["track_id"].diff() != 0) | (codes.diff() != 0) | (rows["time_s"].diff() > max_gap_s)
    )
    runs = rows.assign(run=breaks.cumsum())[holds].groupby("run")
    table = runs[["source", "camera", "track_id", "emotion", "captured_at"]].first()
    table["start_s"], table["end_s"] = runs["time_s"].first(), runs["time_s"].last()
    table["duration_s"] = table["end_s"] - table["start_s"]
    table["peak_s"] = rows["time_s"].loc[runs["confidence"].idxmax()].to_numpy()
    table["peak"], table["confidence"] = runs["confidence"].max(), runs["confidence"].mean()
    found = table.loc[table["duration_s"] >= min_s - _ROUNDING_S, COLUMNS]
    return found.sort_values(["start_s", "track_id"], ignore_index=True)
