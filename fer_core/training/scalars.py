"""A run's history as TensorBoard shows it, on every backend and without TensorFlow."""

import time
from pathlib import Path
from typing import Any, BinaryIO

from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.summary.writer.record_writer import RecordWriter

EVENTS = "events.out.tfevents.fer"
TAGS = ("loss", "accuracy", "learning_rate")


def begin_scalars(run: Path, history: list[dict[str, float]]) -> None:
    """Writes a run's events anew: those of its finished epochs, so that no step is there twice.

    The file is overwritten where it stands, because a TensorBoard that watches keeps it open.

    Args:
        run: the run's directory.
        history: a row an epoch, with `epoch`, `seconds` and all of `TAGS`.
    """
    moment = time.time() - sum(row["seconds"] for row in history)
    with (run / EVENTS).open("wb") as stream:
        _write(stream, Event(wall_time=moment, file_version="brain.Event:2"))
        for row in history:
            moment += row["seconds"]
            _write(stream, _event(row, moment))


def add_scalars(run: Path, row: dict[str, float]) -> None:
    """Appends the events of an epoch that has just ended."""
    with (run / EVENTS).open("ab") as stream:
        _write(stream, _event(row, time.time()))


def _event(row: dict[str, float], moment: float) -> Any:
    values = [Summary.Value(tag=tag, simple_value=row[tag]) for tag in TAGS]
    return Event(wall_time=moment, step=int(row["epoch"]), summary=Summary(value=values))


def _write(stream: BinaryIO, event: Any) -> None:
    RecordWriter(stream).write(event.SerializeToString())
