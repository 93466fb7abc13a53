"""Emotions as subtitles, so that any player shows them over the untouched video."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pysubs2

from fer_core.queries.tables import usual_interval_s
from fer_core.sinks.palette import EMOTION_COLOURS

_PLAIN_SIZE = (384, 288)
_FONT_SHARE = 24
"""The size of text is this part of the picture's height."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What one track shows from one moment to another; box in pixels.

    Args:
        start_s, end_s: seconds from the beginning of the video.
        track_id: the face.
        emotion, confidence: what it shows, and how probable that was on average.
        x, y: top left corner of its box at the start.
    """

    start_s: float
    end_s: float
    track_id: int
    emotion: str
    confidence: float
    x: float
    y: float

    @property
    def text(self) -> str:
        return f"#{self.track_id} {self.emotion} {self.confidence:.0%}"


def lines(faces: pd.DataFrame) -> Iterator[tuple[float, float, list[Cue]]]:
    """Stretches in which the same faces show the same emotions, as (start, end, cues).

    A sampled frame counts until the next one, and at most for twice the usual distance.

    Args:
        faces: rows of one video with `clock_s` (seconds from its beginning), `track_id`,
            `emotion`, `confidence`, `box_x` and `box_y`, in order of time.
    """
    shown = [
        (float(str(time_s)), rows.sort_values("track_id"))
        for time_s, rows in faces.groupby("clock_s")
    ]
    hold = 2 * (usual_interval_s(faces["clock_s"].to_numpy()) or 1.0)
    waiting: list[tuple[float, pd.DataFrame]] = []
    for time_s, rows in shown:
        if waiting and (
            time_s - waiting[-1][0] > hold or _signature(rows) != _signature(waiting[-1][1])
        ):
            yield _joined(waiting, min(time_s, waiting[-1][0] + hold))
            waiting = []
        waiting.append((time_s, rows))
    if waiting:
        yield _joined(waiting, waiting[-1][0] + hold / 2)


def _signature(rows: pd.DataFrame) -> list[tuple[int, str]]:
    return list(zip(rows["track_id"], rows["emotion"], strict=True))


def _joined(
    frames: list[tuple[float, pd.DataFrame]], end_s: float
) -> tuple[float, float, list[Cue]]:
    start_s, first = frames[0]
    means = pd.concat([rows for _, rows in frames]).groupby("track_id")["confidence"].mean()
    cues = [
        Cue(start_s, end_s, row.track_id, row.emotion, means[row.track_id], row.box_x, row.box_y)
        for row in first.itertuples()
    ]
    return start_s, end_s, cues


def plain(faces: pd.DataFrame) -> pysubs2.SSAFile:
    """A line a face at the bottom of the picture: for SubRip and WebVTT."""
    file = pysubs2.SSAFile()
    for start_s, end_s, cues in lines(faces):
        file.append(_event(start_s, end_s, r"\N".join(cue.text for cue in cues)))
    return file


def placed(faces: pd.DataFrame, size: tuple[int, int]) -> pysubs2.SSAFile:
    """A label at each face, in the colour of its emotion: for Advanced SubStation Alpha.

    Args:
        faces: as for `lines`.
        size: width and height of the upright picture, pixels.
    """
    width, height = size if min(size) > 0 else _PLAIN_SIZE
    file = pysubs2.SSAFile()
    file.info |= {"PlayResX": str(width), "PlayResY": str(height)}
    for name, colour in EMOTION_COLOURS.items():
        file.styles[name] = pysubs2.SSAStyle(
            fontname="sans-serif",
            fontsize=max(10, height / _FONT_SHARE),
            primarycolor=pysubs2.Color(*bytes.fromhex(colour[1:])),
            outline=2,
            shadow=0,
            alignment=pysubs2.Alignment.BOTTOM_LEFT,
        )
    hold = usual_interval_s(faces["clock_s"].to_numpy()) or 1.0
    for start_s, end_s, cues in _by_frame(faces, hold):
        for cue in cues:
            x, y = max(0, round(cue.x)), max(round(height / _FONT_SHARE), round(cue.y))
            event = _event(start_s, end_s, rf"{{\pos({x},{y})}}{cue.text}")
            event.style = cue.emotion
            file.append(event)
    return file


def _by_frame(faces: pd.DataFrame, hold: float) -> Iterator[tuple[float, float, list[Cue]]]:
    """Every sampled frame for itself, as labels follow their faces."""
    frames = [(float(str(time_s)), rows) for time_s, rows in faces.groupby("clock_s")]
    for index, frame in enumerate(frames):
        after = frames[index + 1][0] if index + 1 < len(frames) else frame[0] + hold
        yield _joined([frame], min(after, frame[0] + 2 * hold))


def _event(start_s: float, end_s: float, text: str) -> pysubs2.SSAEvent:
    return pysubs2.SSAEvent(round(start_s * 1000), round(end_s * 1000), text)
