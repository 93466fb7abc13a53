"""What a run shows on Prefect's pages: its videos, a summary, and how far it is."""

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from fer_core.batch import BatchSummary
from fer_core.ledger import Decision, VideoSummary
from fer_core.paths import printable

_MOST_ROWS = 1000
_PROGRESS_EVERY_S = 5.0


class ProgressArtifact:
    """How many of a run's videos are done, in per cent; told to Prefect every few seconds.

    Args:
        videos: how many the run is to do.
    """

    def __init__(self, videos: int) -> None:
        self._videos, self._next = videos, time.monotonic() + _PROGRESS_EVERY_S
        self._id = create_progress_artifact(0.0, key="progress", description=f"{videos} videos")

    def tell(self, done: int) -> None:
        """Notes that so many videos are done."""
        if done < self._videos and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PROGRESS_EVERY_S
        assert isinstance(self._id, UUID), "no asynchronous caller"
        text = f"{done} of {self._videos} videos"
        update_progress_artifact(self._id, 100.0 * done / self._videos, description=text)


def show_videos(work: Sequence[Decision], results: Mapping[str, VideoSummary]) -> None:
    """A table of a run's videos with what became of them; those with problems come first.

    Args:
        work: the videos that the run was to do.
        results: their rows by video_id; a video that has none is pending.
    """
    rows = [(each.video, results.get(each.video.video_id)) for each in work]
    table = [
        {
            "video": printable(video.relative),
            "status": row.status if row else "pending",
            "media [s]": row.duration_s if row else None,
            "faces": row.faces if row else None,
            "error": row.error if row else None,
        }
        for video, row in sorted(rows, key=lambda pair: pair[1] is not None and not pair[1].error)
    ]
    told = f"the first {_MOST_ROWS} of {len(table)}" if len(table) > _MOST_ROWS else None
    create_table_artifact(table[:_MOST_ROWS], key="videos", description=told)


def show_summary(out: Path, summary: BatchSummary, rows: Collection[VideoSummary]) -> None:
    """What became of a run, and which emotions the faces of its videos show.

    Args:
        out: the output directory.
        summary: of all INPUT.
        rows: of the videos that this run did.
    """
    from fer_core.queries.shares import emotion_shares  # loads pandas: not while a run begins

    media_h = sum(row.duration_s or 0.0 for row in rows) / 3600
    faces = sum(row.faces for row in rows)
    shares = emotion_shares(out, rows)
    lines = [
        f"{len(rows)} videos done in this run: {media_h:.2f} h of media, {faces} faces.",
        "",
        f"All of INPUT: {summary.ok} ok, {summary.partial} partial, {summary.failed} failed, "
        f"{summary.pending} pending.",
        "",
    ]
    if shares:
        lines += ["| emotion | share of the faces |", "|---|---:|"]
        lines += [f"| {emotion} | {share:.1%} |" for emotion, share in shares.items()]
    create_markdown_artifact("\n".join(lines), key="summary")
