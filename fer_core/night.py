"""A night's run over an archive: when it ends, and what it removes of what is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, PositiveFloat, model_validator

from fer_core.config import ProcessConfig
from fer_core.ledger import VideoSummary, read_rows
from fer_core.locks import RUN, alone
from fer_core.paths import to_path
from fer_core.settings import Section, Timezone
from fer_core.streams.retention import KeepConfig, prune

_NIGHTLY = {"render": {"enabled": False}, "select": {"settle_s": 60}, "retries": 2}


class NightlyConfig(ProcessConfig):
    """The settings of `ProcessConfig`, where what is left out is as nights have it.

    Nothing is rendered, files may still be written, and a network disk that is away may come back.

    Example:
        >>> NightlyConfig.model_validate({"render": {"crf": 30}}).render.enabled
        False
    """

    @model_validator(mode="before")
    @classmethod
    def _as_nights_do(cls, given: object) -> object:
        if isinstance(given, ProcessConfig):  # says everything
            return given.model_dump()
        return _laid_over(_NIGHTLY, given) if isinstance(given, Mapping) else given


def _laid_over(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **given}
    for key, default in defaults.items():
        if isinstance(default, Mapping) and isinstance(merged[key], Mapping):
            merged[key] = {**default, **merged[key]}
    return merged


def _time_of_day(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("expected a time of day such as 06:00") from error
    return text


class NightConfig(Section):
    """How a night's run goes on and what it leaves.

    Args:
        max_hours: nothing is begun once the run has lasted so long …
        until_time: … or once it is this time of day, such as 06:00 …
        timezone: … in the zone of this IANA name.
        keep: of the archive's segments that are done, all but these go; everything stays by
            default.
        keep_annotated_days: annotated videos go so many days after the analysis, and are not made
            again.
    """

    max_hours: PositiveFloat | None = None
    until_time: Annotated[str, AfterValidator(_time_of_day)] | None = None
    timezone: Timezone = "UTC"
    keep: KeepConfig = KeepConfig()
    keep_annotated_days: PositiveFloat | None = None

    def ends_at(self, begin: datetime) -> datetime | None:
        """When a run that begins then is over; None if it may take as long as it takes.

        Example:
            >>> begin = datetime(2026, 11, 1, 23, tzinfo=UTC)
            >>> str(NightConfig(max_hours=9, until_time="06:00").ends_at(begin))
            '2026-11-02 06:00:00+00:00'
        """
        ends: list[datetime] = []
        if self.max_hours is not None:
            ends.append(begin + timedelta(hours=self.max_hours))
        if self.until_time is not None:
            local, clock = begin.astimezone(ZoneInfo(self.timezone)), self.until_time
            end = datetime.combine(local.date(), time.fromisoformat(clock), local.tzinfo)
            ends.append(end if end > local else end + timedelta(days=1))
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Removed:
    """What the rules of retention remove: files of the archive, and annotated videos."""

    segments: tuple[Path, ...] = ()
    annotated: tuple[Path, ...] = ()


def retain(
    archive: Path,
    out: Path,
    night: NightConfig,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Removed:
    """Removes what the rules do not keep. Of the archive only what was analysed goes.

    Args:
        archive: the directory that `fer capture` records into.
        out: the directory with `videos/`.
        night: the rules.
        dry_run: only look.
        now: the time; for tests.

    Raises:
        InUse: another run is at work on `out`.
        RecordsError: `out` holds something else than a dataset.
        OSError: a file cannot be removed.
    """
    keeps_all = night.keep.days is None and night.keep.gb is None
    if (keeps_all and night.keep_annotated_days is None) or not out.is_dir():
        return Removed()
    moment = now or datetime.now(UTC)
    with alone(out, RUN):
        rows = read_rows(out)
        done = {to_path(row.source) for row in rows.values() if row.status != "failed"}
        segments = prune(
            archive.absolute(), night.keep, moment, may_go=done.__contains__, dry_run=dry_run
        )
        return Removed(tuple(segments), _prune_annotated(out, rows, night, moment, dry_run))


def _prune_annotated(
    out: Path, rows: Mapping[str, VideoSummary], night: NightConfig, now: datetime, dry_run: bool
) -> tuple[Path, ...]:
    if night.keep_annotated_days is None:
        return ()
    oldest = now - timedelta(days=night.keep_annotated_days)
    old = [
        out / row.annotated
        for row in rows.values()
        if row.annotated and row.finished_at and row.finished_at < oldest
    ]
    found = [path for path in old if path.is_file()]
    if not dry_run:
        for path in found:
            path.unlink(missing_ok=True)
    return tuple(found)
