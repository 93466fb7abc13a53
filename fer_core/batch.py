"""A run over many videos: what it has to do, and what became of it."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.chunks import remove_finished
from fer_core.config import ProcessConfig
from fer_core.engine import ModelIds
from fer_core.inputs import find_videos
from fer_core.ledger import Decision, Todo, VideoSummary, decide, fingerprint
from fer_core.mirror import local_of, pull
from fer_core.paths import make_writable, printable
from fer_core.selection import select
from fer_core.types import VideoRef

# Networks and decoders use several cores each, and every video holds decoded frames in memory.
_MOST_WORKERS = 4

# A group is to be done in seconds, and to cost little beside its videos to schedule and report.
_GROUP_VIDEOS = 100
_GROUP_BYTES = 32 << 20
_GROUPS_A_WORKER = 8

Group = tuple[Decision, ...]
"""Videos that one worker does in turn: a single one, or several small ones."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A video that is not "ok", or a directory that cannot be searched, and why."""

    source: str
    status: str
    error: str


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of all INPUT, earlier runs included.

    Args:
        out: the output directory.
        videos: how many INPUT names; the sum of `ok`, `partial`, `failed` and `pending`. A
            directory that cannot be searched counts as one that failed.
        ok, partial, failed: by the status in the ledger.
        pending: not yet processed, because the run was stopped.
        done_before: of all, those that needed no work this time.
        frames, faces: looked at and found, over all of INPUT.
        settling, outside, limited: left alone, and not counted in `videos`: those that are still
            being written, those not recorded between `--since` and `--until`, those beyond
            `--limit`.
        media_s: length of all of INPUT in seconds, as far as the containers tell.
        blurred: annotated videos in which faces are blurred, with `frames_bridged` frames on
            which a face was that was not found there.
        problems: those that are "partial" or "failed".
    """

    out: str
    videos: int = 0
    ok: int = 0
    partial: int = 0
    failed: int = 0
    pending: int = 0
    done_before: int = 0
    frames: int = 0
    faces: int = 0
    settling: int = 0
    outside: int = 0
    limited: int = 0
    media_s: float = 0.0
    blurred: int = 0
    frames_bridged: int = 0
    problems: tuple[Problem, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 only if every video of INPUT is ok."""
        return 0 if self.ok == self.videos else 1

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values, for JSON."""
        return asdict(self)


def plan(inputs: Sequence[str], out: Path, config: ProcessConfig) -> list[Decision]:
    """Every video that INPUT names, with what is to be done. Loads no network.

    A directory in INPUT that cannot be searched comes last, as failed, with nothing to be done.

    Raises:
        InputError: INPUT names nothing, or `out` cannot be written to.
        ModelError: a model is missing or damaged.
        RecordsError: `out` holds something else than a dataset of this project.
    """
    unreadable: list[Decision] = []
    videos = find_videos(
        inputs, out, lambda place, reason: unreadable.append(_unreadable(place, reason))
    )
    settings_hash = ModelIds.of(config).settings_hash
    local = local_of(out)
    make_writable(local)
    is_there = pull(out)
    remove_finished(local)
    wanted = decide(videos, local, settings_hash, config.render.enabled, config.shown, is_there)
    return select(wanted, config) + unreadable


def _unreadable(place: VideoRef, reason: str) -> Decision:
    """A failure without settings, as no settings could change it."""
    row = VideoSummary(place.video_id, place.source, "failed", error=reason)
    return Decision(place, Todo.NOTHING, row)


def worker_count(config: ProcessConfig) -> int:
    """How many videos are processed at once."""
    return config.workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)


def open_work(decisions: Sequence[Decision]) -> list[Decision]:
    """Those decisions that ask for work."""
    return [decision for decision in decisions if decision.todo in (Todo.ANALYSE, Todo.RENDER)]


def in_groups(work: Sequence[Decision], workers: int) -> list[Group]:
    """The same work in the same order, with small videos that follow each other put together.

    A group has at most 32 MB and 100 videos, and so few of them that every worker gets eight
    groups: a handful of small videos stays single.

    Args:
        work: what is to be done.
        workers: how many groups are worked on at once.

    Example:
        >>> [len(group) for group in in_groups(thousand_clips, workers=2)][:3]  # doctest: +SKIP
        [62, 62, 62]
    """
    most = max(1, min(_GROUP_VIDEOS, len(work) // (workers * _GROUPS_A_WORKER)))
    groups: list[Group] = []
    room = 0
    for decision in work:
        size = fingerprint(decision.video.path)[0] or 0
        if groups and size <= room and len(groups[-1]) < most:
            groups[-1] = (*groups[-1], decision)
            room -= size
        else:
            groups.append((decision,))
            room = _GROUP_BYTES - size
    return groups


def group_name(group: Group) -> str:
    """What a group is called where people look: its file, or the first and last of several."""
    first, last = (printable(decision.video.relative) for decision in (group[0], group[-1]))
    return first if len(group) == 1 else f"{first} … {last} ({len(group)} videos)"


def summarise(
    out: Path, decisions: Sequence[Decision], results: Mapping[str, VideoSummary]
) -> BatchSummary:
    """The outcome of a run.

    Args:
        out: the output directory.
        decisions: of the whole INPUT, as `plan` gave them.
        results: rows of the videos that were processed, by video_id.
    """
    rows = [
        decision.row if decision.todo is Todo.NOTHING else results.get(decision.video.video_id)
        for decision in decisions
        if not decision.todo.is_left
    ]
    left = Counter(decision.todo for decision in decisions)
    known = [row for row in rows if row is not None]
    status = Counter(row.status for row in known)
    bridged = [
        row.frames_bridged for row in known if row.annotated and row.frames_bridged is not None
    ]
    return BatchSummary(
        out=printable(out.absolute()),
        videos=len(rows),
        ok=status["ok"],
        partial=status["partial"],
        failed=status["failed"],
        pending=len(rows) - len(known),
        done_before=sum(
            decision.todo is Todo.NOTHING and decision.row.settings_hash is not None
            for decision in decisions
            if decision.row
        ),
        frames=sum(row.frames_sampled for row in known),
        faces=sum(row.faces for row in known),
        settling=left[Todo.SETTLING],
        outside=left[Todo.OUTSIDE],
        limited=left[Todo.LIMITED],
        media_s=round(sum(row.duration_s or 0.0 for row in known), 3),
        blurred=len(bridged),
        frames_bridged=sum(bridged),
        problems=tuple(
            Problem(printable(row.source), row.status, row.error or "no reason given")
            for row in known
            if row.status != "ok"
        ),
    )
