"""How pages are made."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fer_core.errors import ConfigError
from fer_core.smoothing import SMOOTH_S
from fer_core.trust import REPORT_FACES, FaceFilter


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How pages are made.

    Args:
        timezone: IANA name of the zone in which hours and days are shown.
        faces: which faces are worth showing.
        smooth_s: time constant of the smoothing in seconds; 0 is raw.
        thumbnails: whether pictures of faces are put into the pages.
    """

    timezone: str = "UTC"
    faces: FaceFilter = REPORT_FACES
    smooth_s: float = SMOOTH_S
    thumbnails: bool = False

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"expected an IANA name such as Europe/Berlin, got {self.timezone!r}"
            ) from error
