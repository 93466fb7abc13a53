"""What is done: read from `videos/` alone, where each video's row is written last.

One small Parquet file a video, so that any number of workers can write without a lock and
nothing but the file system is needed to resume.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from fer_core.ledger_files import read_all, read_row_file, row_path, write_row_file
from fer_core.paths import printable
from fer_core.schema import VIDEOS, with_metadata
from fer_core.sinks.parquet import records_path
from fer_core.types import VideoRef


def package_version() -> str:
    """The version of the installed package, "unknown" where it runs uninstalled."""
    try:
        return version("fer-pipeline")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """A row of `videos/`: what became of one video.

    Args:
        status: "ok"; "partial" where some of it could not be read or rendered; "failed" where
            nothing could be read.
        error: why it is not "ok", in words.
        start_time_s, duration_s: seconds, as the container says.
        frames_decoded, frames_sampled, frames_corrupt: pictures that left the decoder, that
            were looked at, and that were damaged or refused.
        faces, tracks: rows with a face, and different track numbers among them.
        wall_s: seconds the analysis took, rendering included.
        model: name and hash of the classifier.
        settings_hash: of all settings and weights that change records.
        size, mtime: bytes and time of change (UTC) of the file when it was read.
        annotated: path of the annotated video below DIR, None where there is none.
        shows: how the annotated video was to be made: its smoothing, and whose faces are blurred.
        frames_bridged: frames of it on which a face was blurred that was not found there; None
            where nobody is blurred.
    """

    video_id: str
    source: str
    status: str
    camera: str | None = None
    error: str | None = None
    start_time_s: float | None = None
    duration_s: float | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    captured_at: datetime | None = None
    frames_decoded: int = 0
    frames_sampled: int = 0
    frames_corrupt: int = 0
    faces: int = 0
    tracks: int = 0
    wall_s: float = 0.0
    model: str | None = None
    settings_hash: str | None = None
    size: int | None = None
    mtime: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: str | None = None
    annotated: str | None = None
    shows: str | None = None
    frames_bridged: int | None = None


class Todo(Enum):
    """What has to be done with a video."""

    ANALYSE = "analyse"
    RENDER = "render"
    NOTHING = "nothing"
    OUTSIDE = "outside of --since and --until"
    SETTLING = "still being written"
    LIMITED = "beyond --limit"

    @property
    def is_left(self) -> bool:
        """Whether this run leaves the video alone, whatever the ledger says of it."""
        return self in (Todo.OUTSIDE, Todo.SETTLING, Todo.LIMITED)


@dataclass(frozen=True, slots=True)
class Decision:
    """A video, what is to be done with it, and its row in the ledger if there is one.

    `video.relative` names the annotated video below `annotated/`, without two videos sharing
    a name.
    """

    video: VideoRef
    todo: Todo
    row: VideoSummary | None


def fingerprint(path: Path) -> tuple[int | None, datetime | None]:
    """Size in bytes and time of change (UTC, µs) of a file; None where it cannot be had."""
    try:
        stat = path.stat()
    except OSError:
        return None, None
    return stat.st_size, datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1e6, UTC)


def read_rows(out: Path) -> dict[str, VideoSummary]:
    """All rows of `videos/` by video_id; empty where there is no dataset yet.

    A row that cannot be read is left out: its video counts as not done.

    Raises:
        RecordsError: `videos/` holds only files that are not this project's.
    """
    columns = (column.to_pylist() for column in read_all(out).columns)
    rows = (
        VideoSummary(**dict(zip(VIDEOS.names, row, strict=True)))
        for row in zip(*columns, strict=True)
    )
    return {row.video_id: row for row in rows}


def read_row(out: Path, video_id: str) -> VideoSummary | None:
    """A video's row; None where there is none, or one that cannot be read."""
    table = read_row_file(row_path(out, video_id))
    return None if table is None else VideoSummary(**table.to_pylist()[0])


def write_row(out: Path, row: VideoSummary) -> None:
    """Puts a video's row into the ledger, in place of an older one."""
    values: dict[str, Any] = asdict(row)
    table = pa.Table.from_pylist([values], schema=with_metadata(VIDEOS))
    write_row_file(row_path(out, row.video_id), table)


def decide(
    videos: Sequence[VideoRef],
    out: Path,
    settings_hash: str,
    render: bool,
    shows: str | None = None,
    is_there: Callable[[Path], bool] = Path.is_file,
) -> list[Decision]:
    """What is to be done with each video, in the order given.

    A video is done when its row has the file's size and time of change and these settings,
    whatever its status was: a failure stays one until the file or the settings change.

    Args:
        videos: the videos of this run, each once.
        out: the directory with `videos/`.
        settings_hash: of this run.
        render: whether annotated videos are wanted.
        shows: what they are to show, as in the rows; one that shows something else is made
            anew. None takes any.
        is_there: whether a file below `out` exists, where another place than `out` tells.
    """
    rows = read_rows(out)
    taken = {row.annotated: row.video_id for row in rows.values() if row.annotated}
    decisions = []
    for video in videos:
        row = rows.get(video.video_id)
        video = replace(video, relative=_own_name(video, row, taken))
        todo = _todo(video, row, out, settings_hash, is_there)
        if todo is Todo.NOTHING and render and row and not _is_rendered(row, out, shows, is_there):
            todo = Todo.RENDER
        decisions.append(Decision(video, todo, row))
    return decisions


def _own_name(video: VideoRef, row: VideoSummary | None, taken: dict[str, str]) -> PurePath:
    """The name of the annotated video: as before, else the relative path if nobody has it."""
    if row and row.annotated:
        return PurePath(row.annotated).relative_to("annotated")
    name = PurePath(printable(video.relative))
    if name.suffix.lower() != ".mp4":
        name = name.with_name(name.name + ".mp4")
    if taken.setdefault(f"annotated/{name.as_posix()}", video.video_id) != video.video_id:
        name = name.with_name(f"{name.stem}-{video.video_id}.mp4")
    return name


def _todo(
    video: VideoRef,
    row: VideoSummary | None,
    out: Path,
    settings_hash: str,
    is_there: Callable[[Path], bool],
) -> Todo:
    if row is None or row.settings_hash != settings_hash:
        return Todo.ANALYSE
    if fingerprint(video.path) != (row.size, row.mtime):
        return Todo.ANALYSE
    has_records = row.status != "failed"
    if has_records and not is_there(records_path(out, row.video_id, row.captured_at)):
        return Todo.ANALYSE
    return Todo.NOTHING


def _is_rendered(
    row: VideoSummary, out: Path, shows: str | None, is_there: Callable[[Path], bool]
) -> bool:
    """Whether the annotated video is there as it is wanted, or can never be."""
    if row.status == "failed":
        return True
    return (
        row.annotated is not None and is_there(out / row.annotated) and shows in (None, row.shows)
    )
