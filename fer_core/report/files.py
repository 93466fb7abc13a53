"""The files of a report: a page and an entry of the index a video, the index, one set of scripts.

A video's entry (JSON, beside its page) holds its line of the index and says what the page was made
of, so that the index is made without looking into any record.
"""

import html
import json
from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS
from fer_core.paths import printable
from fer_core.sinks.palette import EMOTION_COLOURS

_ASSETS = ("report.css", "common.js", "video.js", "index.js")
_PALETTE = {"emotions": EMOTIONS, "colours": [EMOTION_COLOURS[name] for name in EMOTIONS]}


def page_path(out: Path, video_id: str) -> Path:
    """The page of a video, or of a camera's day."""
    return out / "report" / "videos" / f"{video_id}.html"


def index_path(out: Path) -> Path:
    """The page that leads to all others."""
    return out / "report" / "index.html"


def page_files(out: Path, video_id: str) -> list[Path]:
    """All files that a video has in a report."""
    page = page_path(out, video_id)
    return [page, page.with_suffix(".json")]


def pages_of_cameras(out: Path, camera: str | None, day: date | None) -> list[Path]:
    """All files of pages that show a live camera, or any camera on a UTC day."""
    found: list[Path] = []
    for entry in (out / "report" / "videos").glob("*.json"):
        live = read_entry(entry).get("live")
        if live and (live["camera"] == camera or (day and day.isoformat() in live["days"])):
            found += page_files(out, entry.stem)
    return found


def read_entry(path: Path) -> dict[str, Any]:
    """What the index knows of a page; nothing where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def write_entry(out: Path, video_id: str, entry: Mapping[str, Any]) -> None:
    """Writes what the index is to know of a page."""
    path = page_path(out, video_id).with_suffix(".json")
    _write(path, json.dumps(entry, ensure_ascii=False))


def remove_others(out: Path, video_ids: set[str]) -> None:
    """Removes the pages of all but these."""
    for file in (out / "report" / "videos").glob("*.*"):
        if file.stem not in video_ids:
            file.unlink()


def write_index(out: Path, timezone: str) -> None:
    """Makes the index of all pages that are there."""
    entries = [read_entry(path) for path in sorted((out / "report" / "videos").glob("*.json"))]
    entries = [entry for entry in entries if entry]
    hours = [
        [entry["video"]["camera"] or "no camera", *hour]
        for entry in entries
        for hour in entry["hours"]
    ]
    data = {
        "videos": [entry["video"] for entry in entries],
        "hours": hours,
        "timezone": timezone,
        "where": printable(out.absolute()),
    }
    fill("index.html", index_path(out), data=data)


def rewrite_index(out: Path) -> None:
    """Brings the index in line with the pages that are left; does nothing without a report."""
    if not index_path(out).is_file():
        return
    entries = map(read_entry, (out / "report" / "videos").glob("*.json"))
    zones = (entry.get("timezone") for entry in entries)
    write_index(out, next((zone for zone in zones if zone), "UTC"))


def fill(template: str, path: Path, data: Mapping[str, Any], title: str = "") -> None:
    """Writes a page. Within a script element only `<` could end the data, so none is left."""
    text = json.dumps({**_PALETTE, **data}, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    _write(path, Template(_asset(template)).substitute(title=html.escape(title), data=text))


def write_assets(out: Path) -> None:
    """Style and scripts: one copy a report, and Plotly's as its package ships it."""
    directory = out / "report" / "assets"
    for name in _ASSETS:
        _write_if_other(directory / name, lambda name=name: _asset(name))
    plotly = resources.files("plotly") / "package_data" / "plotly.min.js"
    _write_if_other(directory / "plotly.min.js", lambda: plotly.read_text("utf-8"))


def _asset(name: str) -> str:
    return (resources.files("fer_core.report") / "assets" / name).read_text("utf-8")


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_if_other(path: Path, read: Callable[[], str]) -> None:
    text = read()
    if not path.is_file() or path.read_text("utf-8") != text:
        _write(path, text)
