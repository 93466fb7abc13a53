"""The settings behind a `settings_hash`, once a dataset: `settings/<settings_hash>.json`.

Rows and records carry the hash alone. A file is the same wherever it was made, so datasets of
several machines are joined by putting their files together.
"""

import json
import logging
import threading
from pathlib import Path

from pydantic import ValidationError

from fer_core.atomic import atomic_file
from fer_core.config import ProcessConfig

_keeping = threading.Lock()
log = logging.getLogger("fer_core.settings")


def settings_path(out: Path, settings_hash: str) -> Path:
    """The file that tells which settings have this hash."""
    return out / "settings" / f"{settings_hash}.json"


def keep_settings(out: Path, settings_hash: str, config: ProcessConfig) -> None:
    """Writes the settings that change records, unless they are there; a fault is only told."""
    path = settings_path(out, settings_hash)
    text = json.dumps(config.changing_records(), indent=1, ensure_ascii=False)
    try:
        with _keeping:  # several videos begin at once
            if not path.is_file():
                with atomic_file(path) as temporary:
                    temporary.write_text(text, encoding="utf-8")
    except OSError as error:  # records are worth more
        log.warning("cannot write %s: %s", path, error.strerror)


def used_settings(out: Path, settings_hash: str | None) -> ProcessConfig | None:
    """The settings that have this hash, with defaults for what changes no record.

    None where nobody kept them, or where they are those of a version with other settings.
    """
    try:
        text = settings_path(out, settings_hash or "").read_text("utf-8")
        return ProcessConfig.model_validate(json.loads(text))
    except (OSError, ValueError, ValidationError):
        return None
