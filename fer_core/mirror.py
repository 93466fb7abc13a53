"""A dataset in S3: the work is done in a local directory, and published when a video is done.

The ledger of that directory is made equal to that in S3 before each run, so that it may be lost.
For a dataset in a directory, all of this is the directory itself, and nothing to do.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fer_core.errors import InputError
from fer_core.ledger import Decision, Todo, VideoSummary, row_path
from fer_core.s3 import S3Path, download, objects_below, upload
from fer_core.sinks.parquet import records_path
from fer_core.used_settings import settings_path

_AT_ONCE = 16


def local_of(out: Path) -> Path:
    """Where the work on a dataset is done: in its directory, or in the one that stands for S3.

    That lies in `$XDG_CACHE_HOME/fer/` (`~/.cache/fer/`), under a name made of endpoint and path.
    """
    if not isinstance(out, S3Path):
        return out
    top = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    named = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {out}"
    return Path(top) / "fer" / hashlib.sha256(named.encode()).hexdigest()[:16]


def pull(out: Path) -> Callable[[Path], bool]:
    """Makes the local ledger equal to that in S3.

    Returns:
        Whether a file of the dataset, under its local name, is there.

    Raises:
        InputError: the bucket cannot be read.
    """
    if not isinstance(out, S3Path):
        return Path.is_file
    local = local_of(out)
    try:
        there = {local / path.relative_to(out): path for path in objects_below(out)}
        rows = {name: path for name, path in there.items() if name.parent == local / "videos"}
        for name in set((local / "videos").glob("*.parquet")) - rows.keys():
            name.unlink(missing_ok=True)
        changed = [name for name, path in rows.items() if _stamp(name) != _stamp(path)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda name: download(rows[name], name), changed))
    except OSError as error:
        raise InputError(f"cannot read {out}: {error.strerror or error}") from error
    return there.__contains__


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime_ns


def fetch(out: Path, decision: Decision) -> None:
    """Gets the records of a video that is only to be rendered.

    Raises:
        OSError: they are not there, or cannot be read.
    """
    if isinstance(out, S3Path) and decision.todo is Todo.RENDER and decision.row:
        name = _records(decision.row)
        download(S3Path(out / name), local_of(out) / name)


def publish(out: Path, former: VideoSummary | None, row: VideoSummary) -> None:
    """Puts what was made of a video into S3, its row last, and keeps only that row here.

    A reader sees whole objects only. A run that is killed in between leaves the video without a
    row, or with one whose records are missing: in both cases the next run does it again.

    Args:
        out: the output directory.
        former: the video's row of an earlier run.
        row: its new one.

    Raises:
        OSError: S3 cannot be written to.
    """
    if not isinstance(out, S3Path):
        return
    local, row_name = local_of(out), row_path(Path(), row.video_id)
    old, new = _files(former), _files(row)
    for name in [*sorted(old - new), row_name]:
        S3Path(out / name).unlink(missing_ok=True)
    for name in sorted(new):
        if (local / name).is_file():  # else it is there already
            upload(local / name, S3Path(out / name))
    if row.settings_hash and (settings := settings_path(local, row.settings_hash)).is_file():
        upload(settings, S3Path(out / settings.relative_to(local)))
    upload(local / row_name, S3Path(out / row_name))
    for name in new:
        (local / name).unlink(missing_ok=True)


def _files(row: VideoSummary | None) -> set[Path]:
    """What a row tells of, below the output directory."""
    if row is None or row.status == "failed":
        return set()
    return {_records(row)} | ({Path(row.annotated)} if row.annotated else set())


def _records(row: VideoSummary) -> Path:
    return records_path(Path(), row.video_id, row.captured_at)
