"""Days of cameras that `fer tail` follows: each is shown as a video would be, by the wall clock.

What is there is told by the footers of the part files, so that a day that has not changed costs
nothing; a day's rows are read when its page is made.
"""

# pandas' own types do not know what grouping and selecting return.
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportReturnType=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fer_core.ledger import VideoSummary
from fer_core.listing import dataset_of, is_live, read_table_files
from fer_core.queries.tables import FACE_COLUMNS, PROBABILITIES, smoothed_faces
from fer_core.report.options import ReportOptions
from fer_core.schema import RECORDS, STREAMS
from fer_core.types import video_id

_TRUST = ["box_w", "box_h", "sharpness", "yaw", "det_score"]
_LEAST_GAP = timedelta(seconds=1)

Connection = dict[str, Any]
"""A row of `streams/`."""

Gap = tuple[float, float, str]
"""A time without a picture: from and to, in seconds, and why."""


@dataclass(slots=True)
class CameraDay:
    """What there is of a camera and day, without its rows.

    Args:
        camera: its name.
        day: by the clocks of `zone`.
        zone: in which days begin and end.
        rows: of row groups that touch the day.
        begin, end: first and last moment of the day with a record or an attempt to connect.
        model, settings_hash: of the newest part.
        runs: the tails whose records these are.
        connections: to the camera on that day, in order.
    """

    camera: str
    day: date
    zone: ZoneInfo
    begin: datetime
    end: datetime
    rows: int = 0
    model: str | None = None
    settings_hash: str | None = None
    runs: set[str] = field(default_factory=set)
    connections: list[Connection] = field(default_factory=list)

    @property
    def page_id(self) -> str:
        """As a video's id, for the names of its page's files."""
        return video_id(f"{self.camera} {self.day}")

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """First moment of the day and of the next one (UTC)."""
        starts = (self.day, self.day + timedelta(days=1))
        first, after = (datetime.combine(one, time(), self.zone).astimezone(UTC) for one in starts)
        return first, after

    @property
    def state(self) -> str:
        """What its page depends on; file names do not count, which `fer compact` changes."""
        return repr((self.rows, self.begin, self.end, sorted(self.runs), self.connections))

    @property
    def utc_days(self) -> list[str]:
        """The UTC days that it touches, as texts."""
        first, last = self.begin.astimezone(UTC).date(), self.end.astimezone(UTC).date()
        return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]

    def seconds(self, moment: datetime) -> float:
        """From the first moment to another, by the clocks on the wall."""
        walls = [one.astimezone(self.zone).replace(tzinfo=None) for one in (self.begin, moment)]
        return (walls[1] - walls[0]).total_seconds()

    def gaps(self) -> list[Gap]:
        """Times without a picture, as far as `streams/` tells."""
        found: list[Gap] = []
        until, why = self.begin, ["not yet connected"]
        for row in self.connections:
            if row["first_frame_at"] is None:
                why.append(row["ended"] or "not reached")
                continue
            found += self._gap(until, row["first_frame_at"], why)
            until, why = (
                max(until, row["last_frame_at"] or row["first_frame_at"]),
                [row["ended"] or "killed"],
            )
        return found + (self._gap(until, self.end, why) if self.connections else [])

    def _gap(self, begin: datetime, end: datetime, why: Sequence[str]) -> list[Gap]:
        begin, end = max(begin, self.begin), min(end, self.end)
        if end - begin < _LEAST_GAP:
            return []
        return [(self.seconds(begin), self.seconds(end), ", then ".join(dict.fromkeys(why)))]


def camera_days(out: Path, timezone: str) -> list[CameraDay]:
    """All days of which there are records of a live camera, in any order.

    Args:
        out: the directory given to `fer tail --out`.
        timezone: IANA name of the zone in which days begin and end.
    """
    if not (out / "records").is_dir():
        return []
    zone = ZoneInfo(timezone)
    days = read_table_files(out / "records", lambda files: _days(files, zone))
    connections = _connections(out)
    for day in days:
        first, after = day.bounds
        ours = [row for row in connections if row["video_id"] in day.runs]
        day.connections = [row for row in ours if _touches(row, first, after)]
        begins = [row["started_at"] for row in day.connections]
        day.begin = max(first, min([day.begin, *begins]))
        day.end = min(after, max([day.end, *map(_end, day.connections)]))
    return days


def _days(files: Sequence[Path], zone: ZoneInfo) -> list[CameraDay]:
    found: dict[tuple[str, date], CameraDay] = {}
    for file in sorted(file for file in files if is_live(file.name)):
        footer = pq.read_metadata(file)
        texts = footer.metadata or {}
        for camera, run, begin, end, rows in _row_groups(footer):
            for day in {moment.astimezone(zone).date() for moment in (begin, end)}:
                new = CameraDay(camera, day, zone, begin, end)
                one = found.setdefault((camera, day), new)
                one.begin, one.end = min(one.begin, begin), max(one.end, end)
                one.rows += rows
                one.runs.add(run)
                one.model = texts.get(b"model", b"").decode() or one.model
                one.settings_hash = texts.get(b"settings_hash", b"").decode() or one.settings_hash
    return list(found.values())


def _row_groups(
    footer: pq.FileMetaData,
) -> Iterator[tuple[str, str, datetime, datetime, int]]:
    """Camera, tail, first and last moment, and how many rows, of each row group."""
    for index in range(footer.num_row_groups):
        group = footer.row_group(index)
        columns = (RECORDS.get_field_index(name) for name in ("source", "video_id", "captured_at"))
        source, run, moment = (group.column(column).statistics for column in columns)
        yield source.min, run.min, moment.min, moment.max, group.num_rows


def _connections(out: Path) -> list[Connection]:
    if not (out / "streams").is_dir():
        return []
    table = read_table_files(
        out / "streams", lambda files: dataset_of(files, STREAMS).to_table().sort_by("started_at")
    )
    return table.to_pylist()


def _touches(row: Connection, first: datetime, after: datetime) -> bool:
    return row["started_at"] < after and _end(row) >= first


def _end(row: Connection) -> datetime:
    """When a connection ended, as far as that is known: one that lasts, or was killed, has none."""
    return row["ended_at"] or row["last_frame_at"] or row["started_at"]


def read_day(
    out: Path, day: CameraDay, options: ReportOptions
) -> tuple[VideoSummary, pd.DataFrame | None]:
    """A day as the row of a video, and its faces that are to be believed, None if there are none.

    Args:
        out: the directory given to `fer tail --out`.
        day: from `camera_days`.
        options: which faces count, and how they are smoothed.

    Returns:
        As `faces_by_video` gives them, but `time_s` counts from the first moment by the clocks
        on the wall, and `track_id` goes on from one tail of the day to the next.
    """
    table = _rows(out, day)
    faces = table.filter(ds.field("track_id").is_valid())
    newest = day.connections[-1] if day.connections else {}
    row = VideoSummary(
        video_id=day.page_id,
        source=day.camera,
        status="tail",
        camera=day.camera,
        captured_at=day.begin,
        start_time_s=0.0,
        duration_s=day.seconds(day.end),
        width=newest.get("width"),
        height=newest.get("height"),
        codec=newest.get("codec"),
        frames_sampled=len(table.group_by(["video_id", "pts"]).aggregate([])),
        faces=len(faces),
        tracks=len(faces.group_by(["video_id", "track_id"]).aggregate([])),
        model=day.model,
        settings_hash=day.settings_hash,
    )
    believed = options.faces.expression()
    faces = faces if believed is None else faces.filter(believed)
    if not len(faces):
        return row, None
    shown = faces.select([*FACE_COLUMNS, *PROBABILITIES]).to_pandas()
    return row, smoothed_faces(_on_the_wall(shown, day), options.smooth_s)


def _rows(out: Path, day: CameraDay) -> pa.Table:
    first, after = day.bounds
    kind = RECORDS.field("captured_at").type
    condition = (
        (ds.field("source") == day.camera)
        & (ds.field("captured_at") >= pa.scalar(first, kind))
        & (ds.field("captured_at") < pa.scalar(after, kind))
    )
    # Parts lie under the UTC day on which they begin, and last a minute or so.
    places = {
        f"date={(first - timedelta(hours=2) + timedelta(days=n)).date()}" for n in range(3)
    } | {f"date={after.date()}"}

    def read(files: Sequence[Path]) -> pa.Table:
        live = [file for file in files if is_live(file.name) and file.parent.name in places]
        columns = [*FACE_COLUMNS, *_TRUST, *PROBABILITIES]
        return dataset_of(live, RECORDS).to_table(columns=columns, filter=condition)

    return read_table_files(out / "records", read)


def _on_the_wall(faces: pd.DataFrame, day: CameraDay) -> pd.DataFrame:
    """Times by the wall clock, and each track under a number of its own."""
    walls = faces["captured_at"].dt.tz_convert(day.zone).dt.tz_localize(None)
    begin = day.begin.astimezone(day.zone).replace(tzinfo=None)
    begins = faces.groupby("video_id")["captured_at"].min().sort_values()
    numbers = faces.groupby("video_id")["track_id"].max()[begins.index].add(1)
    offsets = numbers.cumsum().shift(fill_value=0)
    return faces.assign(
        time_s=(walls - begin).dt.total_seconds().clip(lower=0.0),
        track_id=faces["track_id"] + faces["video_id"].map(offsets),
    )
