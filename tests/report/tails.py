"""Tails as `fer tail` leaves them: parts of a minute, and rows of `streams/`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fer_core.atomic import atomic_file
from fer_core.sample_week import Person, Scene, Shot, frames_of
from fer_core.schema import RECORDS, with_metadata
from fer_core.sinks.parquet import RecordWriter
from fer_core.streams.log import StreamLog
from fer_core.streams.parts import StreamRun, stamp

NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HAPPY = (Person((Scene(0, 60, "happy"),)),)
SAD = (Person((Scene(10, 40, "sad"),)), Person((Scene(0, 60, "angry"),)))


def write_morning(out: Path) -> None:
    """The yard: two minutes, a stall, a minute; later a second tail of a minute, which lasts."""
    first = write_tail(out, "yard", NINE, NINE, HAPPY)
    write_tail(out, "yard", NINE, NINE + MINUTE, HAPPY)
    write_tail(out, "yard", NINE, NINE + 5 * MINUTE, HAPPY)
    second = write_tail(out, "yard", NINE + 9 * MINUTE, NINE + 9 * MINUTE, SAD)
    write_connection(out, "yard", first, NINE, 120, "stalled")
    write_connection(out, "yard", first, NINE + 3 * MINUTE, None, "unreachable")
    write_connection(out, "yard", first, NINE + 5 * MINUTE, 60, "stopped")
    write_connection(out, "yard", second, NINE + 9 * MINUTE, 60)


def write_tail(
    out: Path, camera: str, began: datetime, start: datetime, people: tuple[Person, ...]
) -> str:
    """Writes a part of a minute, of the tail that began then, and returns the tail's id."""
    run = StreamRun(camera, began.timestamp())
    time_s = (start - began).total_seconds()
    path = out / "records" / f"date={start.date()}" / f"{camera}-{stamp(start)}.parquet"
    schema = with_metadata(RECORDS, model="net@1", settings_hash="0123456789abcdef")
    with atomic_file(path) as temporary:
        writer = RecordWriter(temporary, run, start, time_s, schema)
        for frame, tracks in frames_of(Shot(camera, start, people, start_time_s=time_s)):
            writer.write(frame, tracks)
        writer.close()
    return run.video_id


def write_connection(
    out: Path,
    camera: str,
    run: str,
    started: datetime,
    seconds: float | None,
    ended: str | None = None,
) -> None:
    """Writes a connection that gave pictures for so many seconds; None: it gave none."""
    log = StreamLog(out / "streams", run, camera)
    row = log.begin()
    row.started_at = started
    if seconds is not None:
        row.first_frame_at, row.last_frame_at = started, started + timedelta(seconds=seconds)
        row.frames_received, row.width, row.height, row.codec = 100, 1280, 720, "h264"
        row.ended_at = row.last_frame_at if ended else None
    else:
        row.ended_at = started + timedelta(seconds=1)
    row.ended = ended
    log.save()
