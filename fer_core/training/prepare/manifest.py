"""`dataset.json`: what a written dataset says of itself."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from fer_core.errors import DatasetError
from fer_core.settings import Section

MANIFEST: Final = "dataset.json"
SCHEMA_VERSION: Final = 1


class Split(Section):
    """One split.

    Args:
        rows: pictures in it.
        shards: its Parquet files, in order.
        fingerprint: of its pictures and labels, as `FaceSet.fingerprint`.
        counts: pictures of each emotion.
    """

    rows: int
    shards: list[str]
    fingerprint: str
    counts: dict[str, int]


class Manifest(Section):
    """What stands in `dataset.json`, written last: without it a directory is no dataset.

    Args:
        schema_version: of this file and the shards.
        created_by: program and version.
        created_at: time (UTC, ISO 8601).
        size: side of the pictures in pixels.
        classes: the integer of each emotion in the column `label`.
        splits: by name.
        fingerprint: 16 hex digits over all splits.
        sources: as they were given.
        options: all settings.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    created_by: str
    created_at: str
    size: int
    classes: dict[str, Annotated[int, Field(ge=0)]]
    splits: dict[str, Split]
    fingerprint: str
    sources: list[str]
    options: dict[str, Any]


def read_manifest(directory: Path) -> Manifest:
    """What a dataset says of itself.

    Raises:
        DatasetError: the directory is no dataset, or one of another version.
    """
    path = directory / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DatasetError(
            f"{directory}: expected a dataset that fer prepare wrote, got no readable {MANIFEST}"
        ) from error
    except ValidationError as error:
        raise DatasetError(
            f"{path}: expected schema version {SCHEMA_VERSION}, got something else; "
            "prepare the dataset again"
        ) from error
