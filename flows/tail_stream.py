"""The flow that writes records of cameras while they run."""

from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from fer_core.config import ProcessConfig
from fer_core.paths import to_path
from fer_core.streams.camera import find_cameras
from fer_core.streams.tail import CameraSummary, tail
from fer_core.worker.networks import engine_for
from flows.cameras import CameraNames, camera_flow, stopped_by_signals
from flows.secrets import read_secret
from flows.worker import current_session


@camera_flow("tail-stream")
def tail_stream(
    cameras: CameraNames,
    out: str,
    duration_s: float | None = None,
    roll_s: float = 60.0,
    cameras_file: str | None = None,
    config: ProcessConfig = ProcessConfig(),
) -> list[CameraSummary]:
    """Tails cameras until the time is over, or until SIGINT or SIGTERM; the run completes then.

    Parameters are shown in Prefect's pages and kept in its database, so cameras are named and
    never given as URLs; passwords come from the environment or from Secret blocks.

    Args:
        cameras: names in `cameras_file`.
        out: directory that gets `records/` and `streams/`.
        duration_s: how long; None is without end.
        roll_s: a part file holds at most this many seconds.
        cameras_file: None takes `configs/cameras.yaml`.
        config: settings of the analysis, or a dict of them.

    Raises:
        InputError, ConfigError: a camera is unknown, or a secret is missing.
        ModelError: the networks cannot be loaded.

    Example:
        >>> tail_stream(["door"], "out", duration_s=3600)  # doctest: +SKIP
    """
    file = to_path(cameras_file) if cameras_file else None
    found = find_cameras(cameras, file, read_secret)
    engine, stop = engine_for(config), current_session().stop
    with stopped_by_signals(stop):
        results = tail(
            found, to_path(out), config, engine, roll_s=roll_s, duration_s=duration_s, stop=stop
        )
    create_table_artifact([_row(one) for one in results], key="cameras")
    for one in results:
        get_run_logger().info("%s: %d frames, %d faces", one.camera, one.frames, one.faces)
    return results


def _row(summary: CameraSummary) -> dict[str, object]:
    return {
        "camera": summary.camera,
        "frames": summary.frames,
        "faces": summary.faces,
        "dropped": summary.dropped,
        "reconnects": summary.reconnects,
        "error": summary.error or "",
    }
