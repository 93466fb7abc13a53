"""The flow of a night: what came since the last run, then all that keeps an archive in order."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from fer_core.batch import BatchSummary
from fer_core.config import ProcessConfig
from fer_core.errors import InUse, RecordsError
from fer_core.night import NightConfig, NightlyConfig, retain
from fer_core.paths import to_path
from fer_core.streams.compact import compact
from fer_core.worker.work import WriteReport
from flows.process_videos import process_videos
from flows.worker import current_session, one_session, session, worker


@flow(name="nightly", persist_result=False, validate_parameters=True)
def nightly(
    archive: str,
    out: str,
    config: NightlyConfig = NightlyConfig(),
    night: NightConfig = NightConfig(),
) -> State[BatchSummary]:
    """Analyses what is new in an archive, until the night is over; then compacts closed days,
    makes the report and applies the rules of retention.

    What is not done by then is pending, and the next night goes on with it, within a long video
    at its next chunk. Ends as `process_videos` does.

    Args:
        archive: a directory of recordings.
        out: directory that gets `records/`, `videos/` and `report/`.
        config: settings, or a dict of them; what it leaves out is as nights have it.
        night: when the night is over and what is kept, or a dict of that.

    Raises:
        as `process_videos`.

    Example:
        >>> nightly("archive", "out", night={"until_time": "06:00"}).pending  # doctest: +SKIP
        12
    """
    directory, ends_at = to_path(out).absolute(), night.ends_at(datetime.now(UTC))
    settings = _settings(config, night)
    token = session.set(replace(current_session(), ends_at=ends_at))
    try:
        with one_session() as current:
            # The report comes last, when the records are as they stay.
            alone = settings.model_copy(
                update={"report": settings.report.model_copy(update={"enabled": False})}
            )
            # Prefect's own type nests the state that the flow itself returns.
            state: Any = process_videos([archive], out, alone, return_state=True)
            if not current.stop.is_set() and not state.is_cancelled() and _is_dataset(directory):
                _keep_in_order(to_path(archive), directory, settings, night)
    finally:
        session.reset(token)
    # A state of its own: of another run's state, Prefect keeps neither name nor message.
    data = state.result(raise_on_failure=False)
    return State(type=state.type, name=state.name, message=state.message, data=data)


def _settings(config: ProcessConfig, night: NightConfig) -> ProcessConfig:
    """What retention has removed is not made again."""
    select = config.select.model_copy(update={"render_days": night.keep_annotated_days})
    return config.model_copy(update={"select": select})


def _is_dataset(out: Path) -> bool:
    return (out / "videos").is_dir()


def _keep_in_order(archive: Path, out: Path, config: ProcessConfig, night: NightConfig) -> None:
    """Every step stands for itself: a fault in one is told and does not keep the others back."""
    log = get_run_logger()
    try:
        merged = compact(out)
        log.info("merged %d part files into %d", merged.before, merged.after)
    except (InUse, RecordsError, OSError) as error:
        log.warning("not compacted: %s", error)
    if config.report.enabled and _is_behind(out):
        try:
            worker().run(WriteReport(out, config))
        except (RecordsError, OSError) as error:
            log.warning("no report: %s", error)
    try:
        removed = retain(archive, out, night)
        log.info(
            "removed %d recordings, %d annotated videos",
            *(len(removed.segments), len(removed.annotated)),
        )
    except (InUse, RecordsError, OSError) as error:
        log.warning("nothing removed: %s", error)


def _is_behind(out: Path) -> bool:
    """Whether the pages are older than the newest row, or than a live camera's records."""
    page, written = out / "report" / "index.html", [out / "videos", *out.glob("records/date=*")]
    return not page.is_file() or any(
        directory.stat().st_mtime > page.stat().st_mtime for directory in written
    )
