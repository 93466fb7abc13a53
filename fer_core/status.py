"""What is done, what is in work and what is still to be done, told by the disk alone."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from fer_core.chunks import chunks_in_work
from fer_core.errors import InputError, VideoError
from fer_core.inputs import find_videos
from fer_core.ledger import VideoSummary, fingerprint, read_rows
from fer_core.mirror import local_of, pull
from fer_core.paths import printable
from fer_core.types import VideoRef

_READERS = 4


@dataclass(frozen=True, slots=True)
class Share:
    """Some videos.

    Args:
        videos: how many.
        media_s: their length in seconds, as far as the containers tell.
    """

    videos: int = 0
    media_s: float = 0.0

    @classmethod
    def of(cls, lengths_s: Iterable[float | None]) -> "Share":
        known = [length_s or 0.0 for length_s in lengths_s]
        return cls(len(known), round(sum(known), 3))


@dataclass(frozen=True, slots=True)
class Status:
    """How far the work into one directory is.

    Args:
        done, partial, failed: by the ledger; a video that is in work is none of them.
        in_work: long videos some of whose chunks are done: `chunks_done` of `chunks`.
        pending: videos of INPUT that have no row, or were changed since; None without INPUT.
    """

    done: Share = field(default_factory=Share)
    partial: Share = field(default_factory=Share)
    failed: Share = field(default_factory=Share)
    in_work: Share = field(default_factory=Share)
    chunks_done: int = 0
    chunks: int = 0
    pending: Share | None = None


def status(out: Path, inputs: Sequence[str] = ()) -> Status:
    """How far the work into a directory is.

    Settings are not compared: a video that other settings would process again counts as done.

    Args:
        out: the directory given to `fer process --out`.
        inputs: what was given to it as INPUT, to know what is pending; the headers of these
            videos are read for their lengths.

    Raises:
        InputError: there is no such directory, or INPUT names nothing.
        RecordsError: the directory holds something else than a dataset of this project.

    Example:
        >>> status(Path("week")).failed.videos
        0
    """
    pull(out)
    local = local_of(out)
    if not local.is_dir():
        raise InputError(f"{printable(out)}: no such directory")
    work = chunks_in_work(local)
    rows = {key: row for key, row in read_rows(local).items() if key not in work}

    def share(name: str) -> Share:
        return Share.of(row.duration_s for row in rows.values() if row.status == name)

    return Status(
        done=share("ok"),
        partial=share("partial"),
        failed=share("failed"),
        in_work=Share.of(chunks[0].duration_s for chunks in work.values()),
        chunks_done=sum(len(chunks) for chunks in work.values()),
        chunks=sum(chunks[0].chunk.count for chunks in work.values()),
        pending=_pending(find_videos(inputs, out), rows, set(work)) if inputs else None,
    )


def _pending(videos: Sequence[VideoRef], rows: dict[str, VideoSummary], in_work: set[str]) -> Share:
    waiting = [
        video.path
        for video in videos
        if video.video_id not in in_work and not _is_known(video, rows.get(video.video_id))
    ]
    with ThreadPoolExecutor(_READERS) as readers:  # disks in the network answer late
        return Share.of(readers.map(_length_s, waiting))


def _is_known(video: VideoRef, row: VideoSummary | None) -> bool:
    """Whether its row is of the file as it is, and not of a fault that was not the file's own."""
    if row is None or row.settings_hash is None:
        return False
    return fingerprint(video.path) == (row.size, row.mtime)


def _length_s(path: Path) -> float | None:
    from fer_core.sources.container import duration_s, open_container, video_stream

    try:
        with open_container(path) as container:
            return duration_s(container, video_stream(container, path))
    except (VideoError, OSError):
        return None
