"""What an archive may hold: the oldest segments go first."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import Field, PositiveFloat

from fer_core.settings import Section
from fer_core.streams.segment import DAY, NAME

log = logging.getLogger("fer_core.streams")

_GB = 1e9


class KeepConfig(Section):
    """What is kept of an archive; everything, unless told otherwise.

    Args:
        days: segments that began longer ago than this many days go.
        gb: where all segments are larger than this together (10⁹ bytes), the oldest go.
        free_gb: nothing is recorded while the disk has less room than this.
    """

    days: float | None = Field(default=None, gt=0, le=36_500)
    gb: PositiveFloat | None = None
    free_gb: PositiveFloat = 0.5


def prune(
    archive: Path,
    keep: KeepConfig,
    now: datetime | None = None,
    may_go: Callable[[Path], bool] = lambda path: True,
    dry_run: bool = False,
) -> list[Path]:
    """Removes the oldest segments of all cameras until the rest is within the limits.

    Only files that lie and are called as `fer capture` does it are looked at.

    Args:
        archive: the directory.
        keep: the limits.
        now: the time; for tests.
        may_go: whether a segment that lies beyond the limits may be removed.
        dry_run: only look.

    Returns:
        The segments that were removed, or with `dry_run` would be.
    """
    if keep.days is None and keep.gb is None:
        return []
    segments = sorted(_segments(archive), key=lambda path: (path.parent.name, path.name))
    sizes = {path: _size(path) for path in segments}
    oldest = (now or datetime.now(UTC)) - timedelta(days=keep.days or 0)
    mark = f"{oldest:%Y-%m-%d/%H-%M-%SZ}"
    total, removed = sum(sizes.values()), []
    for path in segments:
        is_old = keep.days is not None and f"{path.parent.name}/{path.stem}" < mark
        is_much = keep.gb is not None and total > keep.gb * _GB
        if not (is_old or is_much) or not may_go(path):
            continue
        if not dry_run:
            path.unlink(missing_ok=True)
        total -= sizes[path]
        removed.append(path)
    if not dry_run:
        _say(removed, sum(sizes[path] for path in removed))
    return removed


def _segments(archive: Path) -> list[Path]:
    return [
        path
        for path in archive.glob("*/*/*Z*.m[pk][4v]")
        if DAY.fullmatch(path.parent.name) and NAME.fullmatch(path.name)
    ]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process looks after this archive, too
        return 0


def _say(removed: list[Path], size: int) -> None:
    if not removed:
        return
    log.info("removed %d old segments (%.2f GB), up to %s", len(removed), size / _GB, removed[-1])
    for day in {path.parent for path in removed}:
        with suppress(OSError):  # it is not empty, or gone
            day.rmdir()
