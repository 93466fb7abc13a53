"""Emotions over time, in bins."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.errors import ConfigError
from fer_core.queries.tables import PROBABILITIES, Wanted, faces_by_video, usual_interval_s
from fer_core.records import Names
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import FaceFilter

SHARES = [f"share_{name}" for name in EMOTIONS]

_KEYS = {
    "track": ["source", "track_id", "time_s"],
    "video": ["source", "time_s"],
    "camera": ["camera", "start"],
}


def timeline(
    directory: str | Path,
    source: Names | None = None,
    every: str | None = "1s",
    by: Literal["track", "video", "camera"] = "track",
    since: datetime | None = None,
    until: datetime | None = None,
    faces: FaceFilter | None = None,
    smooth_s: float = SMOOTH_S,
    timezone: str = "UTC",
) -> pd.DataFrame:
    """Share and mean probability of each emotion per time bin.

    A bin in which no face was seen has no row. One video is held in memory at a time, and
    with filters only what can match is read.

    Args:
        directory: the directory given to `fer process --out`.
        source: values of `source`, one or several; all if None.
        every: width of the bins, as pandas writes spans of time: `"200ms"`, `"1s"`, `"1h"`;
            None makes one bin of everything, without a column for its start.
        by: a row per track and bin, per video and bin, or per camera and bin. Bins of tracks
            and videos follow the video's own clock, those of cameras the wall clock.
        since, until: bounds of `captured_at`, as in `load_records`.
        faces: which faces are worth believing; all if None.
        smooth_s: time constant of the smoothing in seconds; 0 takes the raw values.
        timezone: IANA name of the zone whose days and hours the bins of cameras follow.

    Returns:
        `source` and `track_id`, or `source`, or `camera`; then `time_s` (start of the bin in
        seconds) or `start` (its wall clock, NaT where unknown), `faces` (rows), `seconds` (that
        faces were seen, by the usual distance of sampled frames), `emotion` (the greatest mean),
        `share_angry` … `share_neutral` (part of the faces that show it) and `p_angry` …
        `p_neutral` (means); both sum to 1.

    Raises:
        RecordsError: there are no records.
        ConfigError: `every`, `by`, `smooth_s` or `timezone` cannot be used.

    Example:
        >>> hours = timeline("week", every="1h", by="camera", timezone="Europe/Berlin")
        >>> hours.set_index(["camera", "start"])[["seconds", "share_happy"]].round(2).head(2)
                                    seconds  share_happy
        camera start
        door   2026-11-02 09:00:00     58.0         0.31
               2026-11-02 14:00:00     60.0         0.00
    """
    if by not in _KEYS:
        raise ConfigError(f"expected by to be one of {', '.join(_KEYS)}, got {by!r}")
    width = _width(every)
    wanted = Wanted(source, since, until, faces, smooth_s)
    keys = _KEYS[by] if width is not None else _KEYS[by][:-1]
    parts = [
        _sums(_with_bins(_with_seconds(rows), by, width, timezone), keys)
        for rows in faces_by_video(directory, wanted)
    ]
    if not parts:
        return pd.DataFrame(columns=[*keys, "faces", "seconds", "emotion", *SHARES, *PROBABILITIES])
    return _means(pd.concat(parts, ignore_index=True), keys)


def bins_of(
    rows: pd.DataFrame, every: str, by: str = "track", timezone: str = "UTC"
) -> pd.DataFrame:
    """The timeline of the faces of one video, as `faces_by_video` gives them."""
    binned = _with_bins(_with_seconds(rows), by, _width(every), timezone)
    return _means(_sums(binned, _KEYS[by]), _KEYS[by])


def _width(every: str | None) -> pd.Timedelta | None:
    if every is None:
        return None
    try:
        width = pd.Timedelta(every)
    except ValueError as error:
        raise ConfigError(f"expected a span of time such as 1s or 1h, got {every!r}") from error
    if not width > pd.Timedelta(0):
        raise ConfigError(f"expected a span of time above 0, got {every!r}")
    return width


def _with_seconds(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(seconds=usual_interval_s(rows["time_s"].to_numpy()))


def _with_bins(
    rows: pd.DataFrame, by: str, width: pd.Timedelta | None, timezone: str
) -> pd.DataFrame:
    if width is None:
        return rows
    if by == "camera":
        return rows.assign(start=_wall_bins(rows["captured_at"], width, timezone))
    seconds = width.total_seconds()
    bins = np.floor(rows["time_s"] / seconds + 1e-9) * seconds  # 0.3 / 0.1 is a little below 3
    return rows.assign(time_s=bins.round(6))


def _wall_bins(times: pd.Series, width: pd.Timedelta, timezone: str) -> pd.Series:
    """Starts of bins as the zone's clocks show them: an hour that occurs twice is one bin."""
    try:
        local = times.dt.tz_convert(timezone).dt.tz_localize(None)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"expected an IANA name such as Europe/Berlin, got {timezone!r}") from (
            error
        )
    return local.dt.floor(width)


def _sums(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    shown = np.eye(NUM_EMOTIONS)[rows["emotion"].cat.codes]
    values = rows[[*keys, "seconds", *PROBABILITIES]].assign(
        faces=1,
        **dict(zip(SHARES, shown.T, strict=True)),
    )
    return values.groupby(keys, dropna=False, as_index=False).sum()


def _means(sums: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    table = sums.groupby(keys, dropna=False, as_index=False).sum()
    counted = [*SHARES, *PROBABILITIES]
    table[counted] = table[counted].div(table["faces"], axis=0)
    best = table[PROBABILITIES].to_numpy().argmax(axis=1)
    table["emotion"] = pd.Categorical.from_codes(best, list(EMOTIONS))
    return table[[*keys, "faces", "seconds", "emotion", *counted]]
