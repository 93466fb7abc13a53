"""What the records say, in files that other programs read: subtitles, CSV, JSON."""

import json
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from fer_core import subtitles
from fer_core.atomic import atomic_file
from fer_core.errors import ConfigError
from fer_core.ledger import VideoSummary, read_rows
from fer_core.paths import printable, to_path
from fer_core.queries.episodes import stretches_of
from fer_core.queries.tables import PROBABILITIES, Wanted, faces_by_video
from fer_core.queries.timeline import bins_of
from fer_core.records import Names
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import FaceFilter

FORMATS = ("csv", "srt", "vtt", "ass", "json")

_CSV = ["clock_s", "captured_at", "track_id", "box_x", "box_y", "box_w", "box_h"]


def export(
    directory: str | Path,
    to: str,
    source: Names | None = None,
    faces: FaceFilter | None = None,
    smooth_s: float = SMOOTH_S,
) -> list[Path]:
    """Writes a file a video to `exports/` below the directory, in place of an older one.

    Args:
        directory: the directory given to `fer process --out`.
        to: "srt" and "vtt": subtitles, a line a face; "ass": labels that follow the faces, in
            colour; "csv": a row a face and frame; "json": facts, episodes and a timeline by
            the second.
        source: values of `source`, one or several; all if None.
        faces: which faces are worth believing; all if None.
        smooth_s: time constant of the smoothing in seconds; 0 takes the raw values.

    Returns:
        The files. Videos without a single face have none. Times in them begin at 0 with the
        video.

    Raises:
        RecordsError: `directory` holds no dataset.
        ConfigError: `to` is no known format.

    Example:
        >>> [str(path) for path in export("week", "srt", "/archive/hall/20261102_130000.mp4")]
        ['week/exports/hall/20261102_130000.srt']
    """
    if to not in FORMATS:
        raise ConfigError(f"expected one of {', '.join(FORMATS)}, got {to!r}")
    out = Path(directory)
    rows = read_rows(out)
    taken: set[Path] = set()
    files = []
    for table in faces_by_video(out, Wanted(source, faces=faces, smooth_s=smooth_s), boxes=True):
        row = rows.get(str(table["video_id"].iat[0]))
        if row is None:  # not finished yet
            continue
        path = out / "exports" / _name(row, to)
        if path in taken:
            path = _own(path, row.video_id)
        taken.add(path)
        table["clock_s"] = (table["time_s"] - (row.start_time_s or 0.0)).clip(lower=0).round(6)
        content = _WRITERS[to](table, row)
        with atomic_file(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
        files.append(path)
    return sorted(files)


def paths_of_exports(out: Path, row: VideoSummary) -> list[Path]:
    """Every file that exports of this video may have become, of all formats."""
    plain = [out / "exports" / _name(row, to) for to in FORMATS]
    return plain + [_own(path, row.video_id) for path in plain]


def _own(path: Path, video_id: str) -> Path:
    """The name of a video whose plain name another one has."""
    return path.with_name(f"{path.stem}-{video_id}{path.suffix}")


def _name(row: VideoSummary, to: str) -> PurePath:
    """Beside its annotated video's place, with the source's own name: players look for that."""
    place = PurePath(row.annotated).relative_to("annotated").parent if row.annotated else PurePath()
    name = PurePath(printable(to_path(row.source))).name
    return (place if row.annotated else PurePath(row.camera or "")) / f"{PurePath(name).stem}.{to}"


def _csv(faces: pd.DataFrame, row: VideoSummary) -> str:
    table = faces[[*_CSV, "emotion", "confidence", *PROBABILITIES]]
    return table.to_csv(index=False, float_format="%.6g")


def _plain(to: str) -> Callable[[pd.DataFrame, VideoSummary], str]:
    return lambda faces, row: subtitles.plain(faces).to_string(to)


def _ass(faces: pd.DataFrame, row: VideoSummary) -> str:
    return subtitles.placed(faces, (row.width or 0, row.height or 0)).to_string("ass")


def _json(faces: pd.DataFrame, row: VideoSummary) -> str:
    rows = faces.assign(time_s=faces["clock_s"])
    stretches, bins = stretches_of(rows), bins_of(rows, "1s")
    facts: dict[str, Any] = {
        "source": printable(to_path(row.source)),
        "camera": row.camera,
        "captured_at": row.captured_at.isoformat() if row.captured_at else None,
        "duration_s": row.duration_s,
        "model": row.model,
        "status": row.status,
        "episodes": _plain_rows(stretches.drop(columns=["source", "camera"])),
        "timeline": _plain_rows(bins.drop(columns=["source"])),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1)


_WRITERS: dict[str, Callable[[pd.DataFrame, VideoSummary], str]] = {
    "csv": _csv,
    "srt": _plain("srt"),
    "vtt": _plain("vtt"),
    "ass": _ass,
    "json": _json,
}


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    text = table.to_json(orient="records", date_format="iso", double_precision=4)
    return json.loads(str(text))
