"""Parts on their way to the disk, which may be full for a while."""

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from fer_core.engine import ModelIds
from fer_core.sinks.parquet import ROW_GROUP
from fer_core.streams.parts import Part, StreamRun

log = logging.getLogger("fer_core.streams")

MOST_ROWS = 2 * ROW_GROUP
"""So many rows may wait: almost two hours of one face at five frames a second."""


class Outbox:
    """Writes parts in order. One that cannot be written waits, and is tried again with the next.

    When too many rows wait the oldest parts are given up, so memory stays bounded.

    Args:
        out, run, ids: as `Part.write` takes them.
        warn: is told why nothing can be written, and "" once it can be again.
        most_rows: so many may wait.
    """

    def __init__(
        self,
        out: Path,
        run: StreamRun,
        ids: ModelIds,
        warn: Callable[[str], None],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self.written = 0
        self._out = out
        self._run = run
        self._ids = ids
        self._warn = warn
        self._most_rows = most_rows
        self._waiting: deque[Part] = deque()
        self._error = ""

    @property
    def frames(self) -> int:
        """Frames that wait."""
        return sum(part.frames for part in self._waiting)

    def put(self, part: Part) -> int:
        """Writes a part after those that wait; how many frames had to be given up for it."""
        self._waiting.append(part)
        self._write()
        lost = 0
        while sum(part.rows for part in self._waiting) > self._most_rows:
            lost += self._waiting.popleft().frames
        return lost

    def _write(self) -> None:
        while self._waiting:
            try:
                self._waiting[0].write(self._out, self._run, self._ids)
            except OSError as error:
                self._say(f"cannot write records: {error.strerror or error}")
                return
            self._waiting.popleft()
            self.written += 1
        self._say("")

    def _say(self, error: str) -> None:
        if error:
            log.error("%s: %s; %d frames wait", self._run.camera, error, self.frames)
        elif self._error:
            log.warning("%s: records can be written again", self._run.camera)
        if error != self._error:
            self._warn(error)
        self._error = error
