"""The numbers of a video's page, small enough to be loaded with it."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core.emotions import EMOTIONS
from fer_core.ledger import VideoSummary
from fer_core.queries.episodes import stretches_of
from fer_core.queries.tables import PROBABILITIES, usual_interval_s
from fer_core.queries.timeline import SHARES, bins_of

_WIDTHS_S = (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)
_MOST_BINS = 30_000
"""Of all tracks together: each takes about 20 bytes of the page."""
_LONGEST_ROW = 4_000
_MOST_TRACKS = 200
_MOST_EPISODES = 1_000
_SPARKS = 80
_HISTOGRAM = 20


def numbers_of(faces: pd.DataFrame, row: VideoSummary) -> dict[str, Any]:
    """What a page draws of a video's faces; all times are seconds from the video's beginning.

    Args:
        faces: rows of one video, as `faces_by_video` gives them.
        row: the video's row in the ledger.

    Returns:
        `bin_s`; `tracks` (longest first): `id`, `seconds`, `confidence`, `shares` (7), `first`
        (number of the first bin) and `p` (seven percentages a bin, null for bins without the
        face); `episodes`; `peaks` (where each emotion is most probable: second, probability,
        track); `histogram` of confidence; `spark`.
    """
    clock = (faces["time_s"] - (row.start_time_s or 0.0)).clip(lower=0.0)
    faces = faces.assign(time_s=clock)
    length_s = max(row.duration_s or 0.0, float(clock.max()))
    width_s = _width(faces, length_s)
    bins = bins_of(faces, f"{width_s}s")
    tracks = [_track(number, part, width_s) for number, part in bins.groupby("track_id")]
    tracks.sort(key=lambda track: -track["seconds"])
    counts, _ = np.histogram(faces["confidence"], bins=_HISTOGRAM, range=(0, 1))
    return {
        "bin_s": width_s,
        "tracks": tracks[:_MOST_TRACKS],
        "tracks_left_out": max(0, len(tracks) - _MOST_TRACKS),
        "episodes": _episodes(faces),
        "peaks": _peaks(faces),
        "histogram": counts.tolist(),
        "spark": _spark(faces, length_s),
    }


def _width(faces: pd.DataFrame, length_s: float) -> float:
    """The finest bins that the page has room for, and that hold a sampled frame each."""
    finest = usual_interval_s(faces["time_s"].to_numpy())
    for width in _WIDTHS_S:
        if width < finest - 1e-6 or length_s / width > _LONGEST_ROW:
            continue
        cells = (faces["time_s"] // width).astype(int).groupby(faces["track_id"]).nunique().sum()
        if cells <= _MOST_BINS:
            return width
    return max(float(_WIDTHS_S[-1]), float(np.ceil(length_s / _LONGEST_ROW)))


def _track(number: Any, bins: pd.DataFrame, width_s: float) -> dict[str, Any]:
    places = np.round(bins["time_s"].to_numpy() / width_s).astype(int)
    percents = np.round(100 * bins[PROBABILITIES].to_numpy()).astype(int)
    cells: list[list[int] | None] = [None] * (places[-1] - places[0] + 1)
    for place, values in zip(places - places[0], percents.tolist(), strict=True):
        cells[place] = values
    weights = bins["faces"].to_numpy()
    shares = np.average(bins[SHARES].to_numpy(), axis=0, weights=weights)
    confidence = np.average(bins[PROBABILITIES].to_numpy().max(axis=1), weights=weights)
    return {
        "id": int(number),
        "seconds": round(float(bins["seconds"].sum()), 1),
        "confidence": round(float(confidence), 2),
        "shares": shares.round(3).tolist(),
        "first": int(places[0]),
        "p": cells,
    }


def _episodes(faces: pd.DataFrame) -> list[list[Any]]:
    """Start, end, peak (seconds), probability there, track, index of the emotion; not neutral."""
    others = [name for name in EMOTIONS if name != "neutral"]
    found = stretches_of(faces, others, min_s=1.0)
    found = found.nlargest(_MOST_EPISODES, "peak").sort_values("start_s")
    return [
        [
            round(row.start_s, 2),
            round(row.end_s, 2),
            round(row.peak_s, 2),
            round(float(row.peak), 2),
            int(row.track_id),
            EMOTIONS.index(row.emotion),
        ]
        for row in found.itertuples()
    ]


def _peaks(faces: pd.DataFrame) -> list[list[Any]]:
    """Per emotion: when (seconds) it is most probable, how probable it is, and whose it is."""
    rows = faces.loc[faces[PROBABILITIES].idxmax()]
    values = faces[PROBABILITIES].max()
    columns = zip(rows["time_s"], values, rows["track_id"], strict=True)
    return [[round(time_s, 2), round(float(p), 3), int(track)] for time_s, p, track in columns]


def _spark(faces: pd.DataFrame, length_s: float) -> str:
    """What was shown most, along the video: a digit of an emotion's index, or "-" for nobody.

    A place without a sampled frame of its own shows the one before, if that is not long ago.
    """
    times, codes = faces["time_s"].to_numpy(), faces["emotion"].cat.codes.to_numpy()
    width_s, hold_s = max(length_s, 1e-3) / _SPARKS, 1.5 * usual_interval_s(times)
    counts = np.zeros((_SPARKS, len(EMOTIONS)), int)
    places = np.minimum(_SPARKS - 1, (times / width_s + 1e-6).astype(int))
    np.add.at(counts, (places, codes), 1)
    shown = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    begins_s = np.arange(_SPARKS) * width_s
    before = np.searchsorted(times, begins_s) - 1
    is_held = (before >= 0) & (begins_s - times[before] <= hold_s)
    shown = np.where((shown < 0) & is_held, shown[places[before]], shown)
    return "".join(str(code) if code >= 0 else "-" for code in shown)


def shares_of(faces: pd.DataFrame) -> list[float]:
    """Which part of a video's faces shows each emotion."""
    codes = faces["emotion"].cat.codes
    return (np.bincount(codes, minlength=len(EMOTIONS)) / len(codes)).round(3).tolist()


def hours_of(faces: pd.DataFrame, timezone: str) -> list[list[Any]]:
    """Seconds of each emotion per hour of the wall clock: day, hour, seven numbers."""
    if faces["captured_at"].isna().all():
        return []
    hours = bins_of(faces, "1h", "camera", timezone).dropna(subset="start")
    return [
        [
            f"{row.start:%Y-%m-%d}",
            int(row.start.hour),
            *(round(row.seconds * getattr(row, name), 1) for name in SHARES),
        ]
        for row in hours.itertuples()
    ]


def first_picture_s(video: Path) -> float:
    """When the first picture of a file is shown, in seconds from its beginning; 0 if unknown."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(f"file:{video}") as container:
            stream = container.streams.video[0]
            if stream.start_time is None or stream.time_base is None:
                return 0.0
            return max(0.0, float(stream.start_time * stream.time_base))
    except (FFmpegError, OSError, IndexError):
        return 0.0
