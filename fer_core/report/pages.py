"""Writes the pages: an index, and below `videos/` one a video and one a live camera's day."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from fer_core.emotions import EMOTIONS
from fer_core.errors import InputError
from fer_core.ledger import VideoSummary, package_version, read_rows
from fer_core.paths import printable, to_path
from fer_core.queries.tables import Wanted, faces_by_video
from fer_core.report import files
from fer_core.report.cameras import CameraDay, camera_days, read_day
from fer_core.report.facts import facts_of_day, facts_of_video, in_all, local_time
from fer_core.report.numbers import first_picture_s, hours_of, numbers_of, shares_of
from fer_core.report.options import ReportOptions
from fer_core.report.thumbnails import thumbnails_of
from fer_core.report.worth import percent, worth_of
from fer_core.s3 import S3Path
from fer_core.used_settings import used_settings

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
class Page:
    """What is shown on a page.

    Args:
        row: the video's row in the ledger, or what a live camera's day is like as such a row.
        faces: those that are to be shown, as `faces_by_video` gives them; None without any.
        title: of what is shown, for people.
        place: where that comes from.
        key: what the page depends on; another one means that it is made anew.
        error: what is amiss, in words.
        data: what its script gets beside the numbers.
        live: camera and UTC days, where it is a live camera's.
    """

    row: VideoSummary
    faces: pd.DataFrame | None
    title: str
    place: str
    key: str
    error: str | None
    data: Mapping[str, Any]
    live: Mapping[str, Any] | None = None
    numbers: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        numbers = _NO_FACES if self.faces is None else numbers_of(self.faces, self.row)
        object.__setattr__(self, "numbers", numbers)


def write_report(
    directory: str | Path, options: ReportOptions | None = None, video: str | None = None
) -> Path:
    """Makes the pages of a dataset; those that are up to date already stay.

    Args:
        directory: the directory given to `fer process --out` or `fer tail --out`.
        options: how; the defaults if None.
        video: only videos whose source, and live cameras whose name, contains this text get a
            page anew.

    Returns:
        The index page; with `video`, the page of the first one that was found.

    Raises:
        InputError: there is nothing, or nothing whose name contains `video`.
        RecordsError: `directory` is no dataset.

    Example:
        >>> write_report("week").as_posix()
        'week/report/index.html'
    """
    out, options = Path(directory), options or ReportOptions()
    rows = read_rows(out)
    days = {day.page_id: day for day in camera_days(out, options.timezone)}
    names = {key: f"{day.camera} {day.day}" for key, day in days.items()}
    names |= {key: row.source for key, row in rows.items()}
    wanted = {key for key, name in names.items() if video is None or video in name}
    if not wanted:
        raise InputError(f"{out}: no video" + (f" whose name contains {video!r}" if video else ""))
    files.write_assets(out)
    videos = _of_videos(out, [rows[key] for key in wanted & rows.keys()], options)
    live = _of_days(out, [days[key] for key in wanted & days.keys()], options)
    for page in chain(videos, live):
        _write(out, page, options.timezone)
    files.remove_others(out, set(names))
    files.write_index(out, options.timezone)
    if video is None:
        return files.index_path(out)
    return files.page_path(out, min(wanted, key=lambda key: names[key]))


def _write(out: Path, page: Page, timezone: str) -> None:
    row, numbers, faces = page.row, page.numbers, page.faces
    path = files.page_path(out, row.video_id)
    data = {
        **numbers,
        "length_s": _length_s(row, faces),
        "where": page.place,
        "faces_found": row.faces,
        "worth": worth_of(row.model),
        **page.data,
    }
    files.fill("video.html", path, data, page.title)
    line = {
        "page": f"videos/{path.name}",
        "name": page.title,
        "camera": row.camera,
        "start": local_time(row, timezone),
        "length_s": row.duration_s,
        "status": row.status,
        "error": page.error,
        "tracks": len(numbers["tracks"]) + numbers["tracks_left_out"],
        "spark": numbers["spark"],
        "top": _mostly(row, faces),
    }
    hours = [] if faces is None else hours_of(faces, timezone)
    entry = {"key": page.key, "timezone": timezone, "hours": hours, "video": line}
    files.write_entry(out, row.video_id, {**entry, "live": page.live})


def _of_videos(out: Path, rows: Iterable[VideoSummary], options: ReportOptions) -> Iterator[Page]:
    """What is new of videos."""
    keys = {row.video_id: _key(str(row), options) for row in rows}
    stale = [row for row in rows if not _is_fresh(out, row.video_id, keys[row.video_id])]
    for row, faces in _with_faces(out, stale, options):
        shown = _shown_video(out, row)
        pictures, fault = {}, None
        if options.thumbnails and faces is not None:
            pictures, fault = thumbnails_of(row, faces)
        settings = used_settings(out, row.settings_hash)
        facts = facts_of_video(row, _count(faces), options, settings)
        data = {
            "video": _link(shown, files.page_path(out, row.video_id).parent) if shown else None,
            "original": f"/original/{row.video_id}",
            "is_original": shown is not None and shown == original(row),
            "offset_s": first_picture_s(shown) if shown else 0.0,
            "thumbnails": pictures,
            "facts": [*facts, ("pictures of faces", fault)] if fault else facts,
        }
        place = printable(to_path(row.source))
        title = place.rsplit("/", 1)[-1]
        yield Page(row, faces, title, place, keys[row.video_id], row.error, data)


def _of_days(out: Path, days: Iterable[CameraDay], options: ReportOptions) -> Iterator[Page]:
    """What is new of live cameras. There is no video of them to be played."""
    for day in days:
        key = _key(day.state, options)
        if _is_fresh(out, day.page_id, key):
            continue
        row, faces = read_day(out, day, options)
        gaps, settings = day.gaps(), used_settings(out, row.settings_hash)
        data = {
            "video": None,
            "offset_s": 0.0,
            "begin": day.begin.astimezone(day.zone).replace(tzinfo=None).isoformat(),
            "gaps": [(round(begin, 1), round(end, 1), why) for begin, end, why in gaps],
            "thumbnails": {},
            "facts": facts_of_day(row, day, _count(faces), options, settings),
        }
        live = {"camera": day.camera, "days": day.utc_days}
        title, place = f"{day.camera}, {day.day}", f"followed live, clocks of {options.timezone}"
        yield Page(row, faces, title, place, key, in_all(gaps), data, live)


def _with_faces(
    out: Path, rows: list[VideoSummary], options: ReportOptions
) -> Iterator[tuple[VideoSummary, pd.DataFrame | None]]:
    """Each row with the faces of its video, None where there are none."""
    left = {row.video_id: row for row in rows}
    sources = [row.source for row in rows if row.faces]
    if sources and (out / "records").is_dir():
        wanted = Wanted(sources, faces=options.faces, smooth_s=options.smooth_s)
        for faces in faces_by_video(out, wanted, boxes=True):
            row = left.pop(str(faces["video_id"].iloc[0]), None)
            if row is not None:
                yield row, faces
    for row in left.values():
        yield row, None


def _count(faces: pd.DataFrame | None) -> int:
    return 0 if faces is None else len(faces)


def _length_s(row: VideoSummary, faces: pd.DataFrame | None) -> float:
    last = (
        0.0
        if faces is None
        else float(faces["time_s"].to_numpy().max()) - (row.start_time_s or 0.0)
    )
    return round(max(row.duration_s or 0.0, last, 0.1), 3)


def _mostly(row: VideoSummary, faces: pd.DataFrame | None) -> str | None:
    if faces is None:
        return f"{row.faces} faces, none to be believed" if row.faces else None
    share, name = max(zip(shares_of(faces), EMOTIONS, strict=True))
    return f"{name} {percent(share)}"


def _shown_video(out: Path, row: VideoSummary) -> Path | None:
    """The annotated video, else the original one, if it is there and its faces may be seen."""
    annotated = out / row.annotated if row.annotated else None
    return next((path for path in (annotated, original(row)) if path and path.is_file()), None)


def original(row: VideoSummary) -> Path | None:
    """The recording itself; None where faces in it are not to be shown, or a page cannot."""
    path = to_path(row.source)
    return None if "blurred" in (row.shows or "") or isinstance(path, S3Path) else path


def _link(target: Path, page: Path) -> str:
    relative = os.path.relpath(target.absolute(), page.absolute())
    return quote(os.fsencode(relative))


def _key(state: str, options: ReportOptions) -> str:
    return json.dumps([state, asdict(options), package_version()], sort_keys=True)


def _is_fresh(out: Path, page_id: str, key: str) -> bool:
    page, entry = files.page_files(out, page_id)
    return files.read_entry(entry).get("key") == key and page.is_file()
