"""A disk that takes nothing for a while: records wait, and beyond a limit they are counted."""

from pathlib import Path

from fer_core import load_records
from fer_core.streams.log import StreamLog, load_streams
from fer_core.streams.outbox import Outbox
from fer_core.streams.parts import StreamRun
from tests.streams.parts import BEGAN, IDS, make_part

RUN = StreamRun("door", BEGAN.timestamp())


def block(directory: Path) -> Path:
    """A file where a directory is to be: nothing can be written below it, as on a full disk."""
    directory.write_text("in the way")
    return directory


def test_what_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    obstacle, warnings = block(tmp_path / "records"), []
    outbox = Outbox(tmp_path, RUN, IDS, warnings.append)
    assert [outbox.put(make_part(BEGAN, frames=4, second=second)) for second in (0, 60)] == [0, 0]
    assert (outbox.written, outbox.frames) == (0, 8)
    obstacle.unlink()
    outbox.put(make_part(BEGAN, frames=4, second=120))
    assert (outbox.written, outbox.frames) == (3, 0)
    assert load_records(tmp_path)["pts"].nunique() == 12
    assert [warning.split(":")[0] for warning in warnings] == ["cannot write records", ""]


def test_the_oldest_are_given_up_and_counted_when_too_many_wait(tmp_path: Path) -> None:
    block(tmp_path / "records")
    outbox = Outbox(tmp_path, RUN, IDS, lambda warning: None, most_rows=10)
    lost = [outbox.put(make_part(BEGAN, frames=3, second=60 * n)) for n in range(5)]
    assert sum(lost) + outbox.frames == 15
    assert outbox.frames > 0


def test_rows_of_connections_wait_as_well(tmp_path: Path) -> None:
    obstacle = block(tmp_path / "streams")
    log = StreamLog(tmp_path / "streams", "v", "door")
    for kind in ("refused", "stalled"):
        log.begin()
        log.end(kind)
    obstacle.unlink()
    log.begin()
    log.end("stopped")
    assert list(load_streams(tmp_path)["ended"]) == ["refused", "stalled", "stopped"]
