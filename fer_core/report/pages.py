"""Writes the pages: `report/index.html`, a page a video below `report/videos/`, one script."""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import html
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pandas as pd

from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS
from fer_core.errors import ConfigError, InputError
from fer_core.ledger import VideoSummary, package_version, read_rows
from fer_core.paths import printable, to_path
from fer_core.queries.tables import Wanted, faces_by_video
from fer_core.report.numbers import first_picture_s, hours_of, numbers_of, shares_of
from fer_core.report.thumbnails import thumbnails_of
from fer_core.report.worth import worth_of
from fer_core.sinks.palette import EMOTION_COLOURS
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import REPORT_FACES, FaceFilter

_ASSETS = ("report.css", "common.js", "video.js", "index.js")
_PALETTE = {"emotions": EMOTIONS, "colours": [EMOTION_COLOURS[name] for name in EMOTIONS]}
_NO_FACES: dict[str, Any] = {
    "bin_s": 1,
    "tracks": [],
    "tracks_left_out": 0,
    "episodes": [],
    "peaks": [],
    "histogram": [0] * 20,
    "spark": "-",
}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How pages are made.

    Args:
        timezone: IANA name of the zone in which hours and days are shown.
        faces: which faces are worth showing.
        smooth_s: time constant of the smoothing in seconds; 0 is raw.
        thumbnails: whether pictures of faces are put into the pages.
    """

    timezone: str = "UTC"
    faces: FaceFilter = REPORT_FACES
    smooth_s: float = SMOOTH_S
    thumbnails: bool = False

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"expected an IANA name such as Europe/Berlin, got {self.timezone!r}"
            ) from error


def write_report(
    directory: str | Path, options: ReportOptions | None = None, video: str | None = None
) -> Path:
    """Makes the pages of a dataset; those that are up to date already stay.

    Args:
        directory: the directory given to `fer process --out`.
        options: how; the defaults if None.
        video: only videos whose source contains this text get a page anew.

    Returns:
        The index page; with `video`, the page of the first video that was found.

    Raises:
        InputError: no source contains `video`.
        RecordsError: `directory` is no dataset.

    Example:
        >>> write_report("week").as_posix()
        'week/report/index.html'
    """
    out, options = Path(directory), options or ReportOptions()
    rows = read_rows(out)
    wanted = {key for key, row in rows.items() if video is None or video in row.source}
    if not wanted:
        raise InputError(f"{out}: no video" + (f" whose name contains {video!r}" if video else ""))
    _write_assets(out / "report" / "assets")
    stale = [rows[key] for key in wanted if not _is_fresh(out, rows[key], options)]
    for row, faces in _with_faces(out, stale, options):
        _write_video(out, row, faces, options)
    _remove_others(out, set(rows))
    _write_index(out, rows, options.timezone)
    if video is None:
        return out / "report" / "index.html"
    return _page(out, min(wanted, key=lambda key: rows[key].source))


def _with_faces(out: Path, rows: list[VideoSummary], options: ReportOptions) -> Any:
    """Each row with the faces of its video, None where there are none."""
    left = {row.video_id: row for row in rows}
    sources = [row.source for row in rows if row.faces]
    if sources and (out / "records").is_dir():
        wanted = Wanted(sources, faces=options.faces, smooth_s=options.smooth_s)
        for faces in faces_by_video(out, wanted, boxes=True):
            row = left.pop(str(faces["video_id"].iat[0]), None)
            if row is not None:
                yield row, faces
    for row in left.values():
        yield row, None


def _write_video(
    out: Path, row: VideoSummary, faces: pd.DataFrame | None, options: ReportOptions
) -> None:
    page, shown = _page(out, row.video_id), _shown_video(out, row)
    numbers = _NO_FACES if faces is None else numbers_of(faces, row)
    name = printable(to_path(row.source))
    data = {
        **_PALETTE,
        **numbers,
        "video": _link(shown, page.parent) if shown else None,
        "original": f"/original/{row.video_id}",
        "is_original": shown is not None and shown == original(row),
        "offset_s": first_picture_s(shown) if shown else 0.0,
        "length_s": _length_s(row, faces),
        "where": name,
        "faces_found": row.faces,
        "worth": worth_of(row.model),
        "facts": _facts(row, faces, options),
        "thumbnails": thumbnails_of(row, faces) if options.thumbnails and faces is not None else {},
    }
    _fill("video.html", page, title=_title(row), data=data)
    entry = {
        "key": _key(row, options),
        "timezone": options.timezone,
        "hours": [] if faces is None else hours_of(faces, options.timezone),
        "video": {
            "page": f"videos/{page.name}",
            "name": _title(row),
            "camera": row.camera,
            "start": _local(row, options.timezone),
            "length_s": row.duration_s,
            "status": row.status,
            "error": row.error,
            "tracks": len(numbers["tracks"]) + numbers["tracks_left_out"],
            "spark": numbers["spark"],
            "top": _mostly(row, faces),
        },
    }
    _write(page.with_suffix(".json"), json.dumps(entry, ensure_ascii=False))


def _length_s(row: VideoSummary, faces: pd.DataFrame | None) -> float:
    last = 0.0 if faces is None else float(faces["time_s"].max()) - (row.start_time_s or 0.0)
    return round(max(row.duration_s or 0.0, last, 0.1), 3)


def _mostly(row: VideoSummary, faces: pd.DataFrame | None) -> str | None:
    if faces is None:
        return f"{row.faces} faces, none to be believed" if row.faces else None
    share, name = max(zip(shares_of(faces), EMOTIONS, strict=True))
    return f"{name} {share:.0%}"


def _facts(
    row: VideoSummary, faces: pd.DataFrame | None, options: ReportOptions
) -> list[tuple[str, str]]:
    kept = 0 if faces is None else len(faces)
    rate = f", {row.fps:.4g} frames a second" if row.fps else ""
    facts = {
        "status": row.status,
        "why": row.error,
        "recorded": _local(row, options.timezone),
        "camera": row.camera,
        "picture": f"{row.width}×{row.height}, {row.codec}{rate}" if row.width else None,
        "frames": f"{row.frames_decoded} decoded, {row.frames_sampled} looked at, "
        f"{row.frames_corrupt} damaged",
        "faces": f"{row.faces} found, {kept} shown here"
        + ("; the others are too small, blurred or turned away" if kept < row.faces else ""),
        "faces shown": _describe(options.faces),
        "annotated video": _describe_annotated(row),
        "smoothing": f"time constant {options.smooth_s:g} s" if options.smooth_s else "none",
        "model": row.model,
        "settings": row.settings_hash,
        "made by": f"fer {row.version}" if row.version else None,
        "took": f"{row.wall_s:.1f} s",
    }
    return [(name, value) for name, value in facts.items() if value]


def _describe_annotated(row: VideoSummary) -> str | None:
    if row.annotated is None or row.frames_bridged is None:
        return row.shows if row.annotated else None
    return f"{row.shows}; on {row.frames_bridged} frames a face was not found and bridged"


def _describe(faces: FaceFilter) -> str:
    return (
        f"shorter side ≥ {faces.min_side:g} px, sharpness ≥ {faces.min_sharpness:g}, "
        f"yaw ≤ {faces.max_yaw:g}°, score ≥ {faces.min_score:g}"
    )


def _local(row: VideoSummary, timezone: str) -> str | None:
    if row.captured_at is None:
        return None
    return f"{row.captured_at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"


def _title(row: VideoSummary) -> str:
    return printable(to_path(row.source)).rsplit("/", 1)[-1]


def _shown_video(out: Path, row: VideoSummary) -> Path | None:
    """The annotated video, else the original one, if it is there and its faces may be seen."""
    annotated = out / row.annotated if row.annotated else None
    return next((path for path in (annotated, original(row)) if path and path.is_file()), None)


def original(row: VideoSummary) -> Path | None:
    """The recording itself; None where faces in it are not to be shown."""
    return None if "blurred" in (row.shows or "") else to_path(row.source)


def _link(target: Path, page: Path) -> str:
    relative = os.path.relpath(target.absolute(), page.absolute())
    return quote(os.fsencode(relative))


def page_files(out: Path, video_id: str) -> list[Path]:
    """All files that a video has in a report."""
    page = _page(out, video_id)
    return [page, page.with_suffix(".json")]


def rewrite_index(out: Path) -> None:
    """Brings the index in line with the pages that are left; does nothing without a report."""
    if not (out / "report" / "index.html").is_file():
        return
    rows = read_rows(out)
    zones = (_read_entry(page_files(out, key)[1]).get("timezone") for key in rows)
    _write_index(out, rows, next((zone for zone in zones if zone), "UTC"))


def _page(out: Path, video_id: str) -> Path:
    return out / "report" / "videos" / f"{video_id}.html"


def _key(row: VideoSummary, options: ReportOptions) -> str:
    """What a page depends on; another key means that it is made anew."""
    return json.dumps([str(row), asdict(options), package_version()], sort_keys=True)


def _is_fresh(out: Path, row: VideoSummary, options: ReportOptions) -> bool:
    entry = _read_entry(_page(out, row.video_id).with_suffix(".json"))
    return entry.get("key") == _key(row, options) and _page(out, row.video_id).is_file()


def _read_entry(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _remove_others(out: Path, video_ids: set[str]) -> None:
    for file in (out / "report" / "videos").glob("*.*"):
        if file.stem not in video_ids:
            file.unlink()


def _write_index(out: Path, rows: Mapping[str, VideoSummary], timezone: str) -> None:
    entries = [_read_entry(_page(out, key).with_suffix(".json")) for key in sorted(rows)]
    entries = [entry for entry in entries if entry]
    hours = [
        [entry["video"]["camera"] or "no camera", *hour]
        for entry in entries
        for hour in entry["hours"]
    ]
    data = {
        **_PALETTE,
        "videos": [entry["video"] for entry in entries],
        "hours": hours,
        "timezone": timezone,
        "where": printable(out.absolute()),
    }
    _fill("index.html", out / "report" / "index.html", data=data)


def _fill(template: str, path: Path, data: Mapping[str, Any], title: str = "") -> None:
    """Writes a page. Within a script element only `<` could end the data, so none is left."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = Template(_asset(template)).substitute(title=html.escape(title), data=text)
    _write(path, page)


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _asset(name: str) -> str:
    return (resources.files("fer_core.report") / "assets" / name).read_text("utf-8")


def _write_assets(directory: Path) -> None:
    """Style and scripts: one copy a report, and Plotly's as its package ships it."""
    for name in _ASSETS:
        _write_if_other(directory / name, lambda name=name: _asset(name))
    plotly = resources.files("plotly") / "package_data" / "plotly.min.js"
    _write_if_other(directory / "plotly.min.js", lambda: plotly.read_text("utf-8"))


def _write_if_other(path: Path, read: Callable[[], str]) -> None:
    text = read()
    if not path.is_file() or path.read_text("utf-8") != text:
        _write(path, text)
