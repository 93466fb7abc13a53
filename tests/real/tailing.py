"""A tail in a thread, and what must be true of whatever it wrote."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core import Engine, ProcessConfig, load_records, load_streams
from fer_core.streams.camera import Camera
from fer_core.streams.status import Status
from fer_core.streams.tail import CameraSummary, tail
from tests.real.rtsp import until


class Tailing:
    """Runs `tail` until it is stopped.

    Args:
        cameras, out, config, engine, options: as `tail` takes them.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        out: Path,
        config: ProcessConfig,
        engine: Engine,
        **options: Any,
    ) -> None:
        self.out = out
        self.statuses = [Status(camera.name) for camera in cameras]
        self.results: list[CameraSummary] = []
        self._stop = threading.Event()

        def run() -> None:
            self.results = tail(
                cameras,
                out,
                config,
                engine,
                stop=self._stop,
                statuses=self.statuses,
                **{"roll_s": 0.5, **options},
            )

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> list[CameraSummary]:
        """Stops it and waits for it."""
        self._stop.set()
        self._thread.join()
        return self.results

    @property
    def frames(self) -> int:
        """Frames that were looked at so far, of all cameras."""
        return sum(status.snapshot().frames for status in self.statuses)

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of `streams/` so far; empty before the first."""
        return load_streams(self.out) if (self.out / "streams").is_dir() else pd.DataFrame()

    def wait_for_frames(self, more: int = 6) -> None:
        """Until so many more frames have been looked at."""
        before = self.frames
        until(lambda: self.frames >= before + more)

    def wait_for_return(self, times: int = 1) -> None:
        """Until the first camera has come back so often, each time with a frame."""
        until(lambda: self.statuses[0].snapshot().reconnects >= times)

    def wait_for_end(self, kind: str, times: int = 1) -> None:
        """Until so many connections have ended for this reason."""
        until(lambda: self.ended().count(kind) >= times)

    def ended(self) -> list[str | None]:
        """Why each connection ended, in order; None for one that lasts."""
        rows = self.rows
        return [] if rows.empty else [value or None for value in rows["ended"].fillna("")]


def check_truth(out: Path) -> pd.DataFrame:
    """Records of a tail that was stopped: what was sampled and not dropped is there, and no more.

    Returns:
        The records, in order.
    """
    rows, records = load_streams(out), load_records(out)
    for camera, connections in rows.groupby("camera"):
        own = records[records["camera"] == camera]
        frames = own.drop_duplicates("pts")
        looked_at = connections["frames_sampled"].sum() - connections["frames_dropped"].sum()
        assert len(frames) == looked_at
        assert (np.diff(frames["time_s"]) > 0).all()
        assert (np.diff(frames["frame_index"]) > 0).all()
        assert not own.duplicated(["video_id", "pts", "face_index"]).any()
    assert rows["ended"].notna().all()
    assert records["captured_at"].notna().all()
    return records
