"""The flow that records cameras into an archive."""

from prefect.artifacts import create_table_artifact

from fer_core.paths import to_path
from fer_core.streams.camera import find_cameras
from fer_core.streams.capture import SEGMENT_S, CaptureSummary, capture
from fer_core.streams.retention import KeepConfig
from flows.cameras import CameraNames, camera_flow, stopped_by_signals
from flows.secrets import read_secret
from flows.worker import current_session


@camera_flow("capture")
def capture_streams(
    cameras: CameraNames,
    archive: str,
    duration_s: float | None = None,
    segment_s: float = SEGMENT_S,
    cameras_file: str | None = None,
    keep: KeepConfig = KeepConfig(),
) -> list[CaptureSummary]:
    """Records cameras until the time is over, or until SIGINT or SIGTERM; the run completes then.

    Args:
        cameras: names in `cameras_file`, never URLs, as in `tail_stream`.
        archive: directory that gets a directory a camera, and `streams/`.
        duration_s: how long; None is without end.
        segment_s: length of a segment.
        cameras_file: None takes `configs/cameras.yaml`.
        keep: what is kept of the archive; everything by default.

    Raises:
        InputError, ConfigError: a camera is unknown or recorded already, or a secret is missing.

    Example:
        >>> capture_streams(["door"], "archive", duration_s=3600)  # doctest: +SKIP
    """
    file = to_path(cameras_file) if cameras_file else None
    found, stop = find_cameras(cameras, file, read_secret), current_session().stop
    with stopped_by_signals(stop):
        results = capture(
            found,
            to_path(archive),
            segment_s=segment_s,
            keep=keep,
            duration_s=duration_s,
            stop=stop,
        )
    create_table_artifact([_row(one) for one in results], key="cameras")
    return results


def _row(summary: CaptureSummary) -> dict[str, object]:
    return {
        "camera": summary.camera,
        "segments": summary.segments,
        "seconds": summary.seconds,
        "megabytes": round(summary.size / 1e6, 1),
        "error": summary.error or "",
    }
