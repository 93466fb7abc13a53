"""Which of the videos that a ledger knows about a run does: by time, age, number, and failure."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fer_core.capture_time import capture_from_name
from fer_core.config import ArchiveConfig, ProcessConfig, SelectConfig
from fer_core.ledger import Decision, Todo, VideoSummary, fingerprint


def select(
    decisions: Sequence[Decision], config: ProcessConfig, now_s: float | None = None
) -> list[Decision]:
    """The same decisions in the same order, changed as `config.select` has it.

    Args:
        decisions: of the whole INPUT, as `decide` gave them.
        config: settings.
        now_s: seconds since 1970, by which a file's age is told; None asks the clock.
    """
    now = datetime.fromtimestamp(time.time() if now_s is None else now_s, UTC)
    asked, room = config.select, config.select.limit
    chosen: list[Decision] = []
    for decision in decisions:
        todo = _todo(decision, asked, config.archive, now)
        if todo in (Todo.ANALYSE, Todo.RENDER) and room is not None:
            todo = todo if room else Todo.LIMITED
            room -= bool(room)
        chosen.append(replace(decision, todo=todo))
    return chosen


def _todo(decision: Decision, asked: SelectConfig, archive: ArchiveConfig, now: datetime) -> Todo:
    if not _is_between(decision, asked, archive):
        return Todo.OUTSIDE
    todo, row = decision.todo, decision.row
    if asked.force or (asked.retry_failed and row is not None and row.status == "failed"):
        todo = Todo.ANALYSE
    if todo is Todo.RENDER and _is_too_old(row, asked.render_days, now):
        return Todo.NOTHING
    if todo is not Todo.NOTHING and _is_settling(decision, asked.settle_s, now):
        return Todo.SETTLING
    return todo


def _is_settling(decision: Decision, settle_s: float, now: datetime) -> bool:
    """Whether a file changed so lately that it may not be whole.

    One from the future, by a clock that goes wrong, is not waited for.
    """
    _, changed = fingerprint(decision.video.path)
    return changed is not None and abs((now - changed).total_seconds()) < settle_s


def _is_too_old(row: VideoSummary | None, days: float | None, now: datetime) -> bool:
    finished = row.finished_at if row else None
    return days is not None and finished is not None and now - finished > timedelta(days=days)


def _is_between(decision: Decision, asked: SelectConfig, archive: ArchiveConfig) -> bool:
    if asked.since is None and asked.until is None:
        return True
    recorded, zone = recorded_at(decision, archive), ZoneInfo(archive.timezone)
    if recorded is None:  # the file is gone: its row is to say so
        return True
    after = asked.since is None or recorded >= _moment(asked.since, zone, timedelta(0))
    return after and (asked.until is None or recorded < _moment(asked.until, zone, _DAY))


_DAY = timedelta(days=1)


def _moment(text: str, zone: ZoneInfo, of_a_day: timedelta) -> datetime:
    """The time that is meant; of a date, so much after its beginning."""
    try:
        moment = datetime.combine(date.fromisoformat(text) + of_a_day, datetime.min.time())
    except ValueError:
        moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def recorded_at(decision: Decision, archive: ArchiveConfig) -> datetime | None:
    """When a video began, without opening it: from its name, else as an earlier run read it in
    the container, else when its file was last changed (which is rather its end).
    """
    named = capture_from_name(decision.video.path, archive).captured_at
    known = decision.row.captured_at if decision.row else None
    return named or known or fingerprint(decision.video.path)[1]
