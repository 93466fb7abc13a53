"""What is done: read from `videos/` alone, where each video's row is written last.

One small Parquet file a video, so that any number of workers can write without a lock and
nothing but the file system is needed to resume.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fer_core.atomic import atomic_file
from fer_core.errors import RecordsError
from fer_core.paths import printable
from fer_core.schema import VIDEOS, with_metadata
from fer_core.sinks.parquet import records_path
from fer_core.types import VideoRef

_ROW_FILE = re.compile(r"[0-9a-f]{16}\.parquet")


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


class Todo(Enum):
    """What has to be done with a video."""

    ANALYSE = "analyse"
    RENDER = "render"
    NOTHING = "nothing"


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

    Raises:
        RecordsError: `videos/` holds only files that are not this project's.
    """
    files = _row_files(out / "videos")
    if not files:
        return {}
    try:
        table = ds.dataset(files, schema=VIDEOS, format="parquet").to_table()
        rows = [VideoSummary(**values) for values in table.to_pylist()]
    except (pa.ArrowException, OSError):  # a damaged row counts as not done
        rows = [row for file in files if (row := read_row(out, Path(file).stem))]
    return {row.video_id: row for row in rows}


def _row_files(directory: Path) -> list[str]:
    if not directory.is_dir():
        return []
    names = [entry.name for entry in os.scandir(directory) if not entry.name.startswith(".")]
    ours = [name for name in names if _ROW_FILE.fullmatch(name)]
    if names and not ours:
        raise RecordsError(
            f"{directory}: expected rows of this project, got {names[0]} and the like; "
            "use another --out"
        )
    return [str(directory / name) for name in sorted(ours)]


def read_row(out: Path, video_id: str) -> VideoSummary | None:
    """A video's row; None where there is none, or one that cannot be read."""
    try:
        [values] = pq.read_table(row_path(out, video_id), schema=VIDEOS).to_pylist()
    except (pa.ArrowException, OSError, ValueError):
        return None
    return VideoSummary(**values)


def write_row(out: Path, row: VideoSummary) -> None:
    """Puts a video's row into the ledger, in place of an older one."""
    values: dict[str, Any] = asdict(row)
    table = pa.Table.from_pylist([values], schema=with_metadata(VIDEOS))
    with atomic_file(row_path(out, row.video_id)) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def row_path(out: Path, video_id: str) -> Path:
    """The file that holds a video's row."""
    return out / "videos" / f"{video_id}.parquet"


def decide(
    videos: Sequence[VideoRef], out: Path, settings_hash: str, render: bool
) -> list[Decision]:
    """What is to be done with each video, in the order given.

    A video is done when its row has the file's size and time of change and these settings,
    whatever its status was: a failure stays one until the file or the settings change.

    Args:
        videos: the videos of this run, each once.
        out: the directory with `videos/`.
        settings_hash: of this run.
        render: whether annotated videos are wanted.
    """
    rows = read_rows(out)
    taken = {row.annotated: row.video_id for row in rows.values() if row.annotated}
    decisions = []
    for video in videos:
        row = rows.get(video.video_id)
        video = replace(video, relative=_own_name(video, row, taken))
        decisions.append(Decision(video, _todo(video, row, out, settings_hash, render), row))
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
    video: VideoRef, row: VideoSummary | None, out: Path, settings_hash: str, render: bool
) -> Todo:
    if row is None or row.settings_hash != settings_hash:
        return Todo.ANALYSE
    if fingerprint(video.path) != (row.size, row.mtime):
        return Todo.ANALYSE
    if row.status != "failed" and not records_path(out, row.video_id, row.captured_at).is_file():
        return Todo.ANALYSE
    is_rendered = row.annotated is not None and (out / row.annotated).is_file()
    if render and row.status != "failed" and not is_rendered:
        return Todo.RENDER
    return Todo.NOTHING
