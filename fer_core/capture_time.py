"""When and by which camera a file was recorded, as far as its name tells."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fer_core.config import ArchiveConfig

_CAPTURED = re.compile(
    r"(?P<camera>[^/]+)/(?P<time>\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d)Z(-\d+)?\.(mp4|mkv)$"
)
_CAPTURED_TIME = "%Y-%m-%d/%H-%M-%S"
"""Where `fer capture` puts its segments."""

_PARTS = "%Y %m %d %H %M %S"


@dataclass(frozen=True, slots=True)
class NamedCapture:
    """What a file's name says: the time (UTC) of its first frame, and the camera."""

    captured_at: datetime | None = None
    camera: str | None = None


def capture_from_name(path: Path, config: ArchiveConfig) -> NamedCapture:
    """Reads the configured pattern from a path; nothing where it does not match.

    Without a pattern, files that lie and are called as `fer capture` does it are understood.

    Args:
        path: the file; the pattern is searched in its whole path, with `/` between parts.
        config: pattern with named groups for time and camera (either may be missing), the format
            of the group `time`, and the zone.

    Example:
        >>> config = ArchiveConfig(pattern=r"(?P<camera>[^/]+)/(?P<time>\\d{14})")
        >>> capture_from_name(Path("/nvr/door/20261101120000.mp4"), config).camera
        'door'
    """
    if config.pattern is None:
        captured = _CAPTURED.search(path.as_posix())
        if captured is None:
            return NamedCapture()
        time = _parse(captured["time"], _CAPTURED_TIME, ZoneInfo("UTC"))
        return NamedCapture(time, captured["camera"])
    match = re.search(config.pattern, path.as_posix())
    if match is None:
        return NamedCapture()
    groups, zone = match.groupdict(), ZoneInfo(config.timezone)
    text, time_format = groups.get("time"), config.time_format
    if text is None and groups.get("day"):
        parts = ("year", "month", "day", "hour", "minute", "second")
        text, time_format = " ".join(groups.get(part) or "0" for part in parts), _PARTS
    camera = "-".join(filter(None, (groups.get("camera"), groups.get("channel"))))
    return NamedCapture(_parse(text, time_format, zone), camera or None)


def _parse(text: str | None, time_format: str, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        local = datetime.strptime(text, time_format)
    except ValueError:
        return None  # the digits matched but are no date, such as month 13
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
