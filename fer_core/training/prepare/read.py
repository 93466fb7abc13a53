"""Faces back out of a written dataset, or straight out of any source."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.dataset import VOTES, FaceSet
from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.labels import SPLITS, split_named
from fer_core.training.prepare.manifest import MANIFEST, read_manifest
from fer_core.training.prepare.pictures import decode
from fer_core.training.prepare.readers import read_sources
from fer_core.training.prepare.sample import Finding
from fer_core.training.prepare.write import face_set


def is_dataset(path: Path) -> bool:
    """Whether a path is a written dataset, or a split in one, as `DIR/train`."""
    return (path / MANIFEST).is_file() or (
        path.name in SPLITS and not path.exists() and (path.parent / MANIFEST).is_file()
    )


def read_dataset(path: Path, split: str | None = None) -> FaceSet:
    """One split of a written dataset, labels in the order of `EMOTIONS` whatever it was written in.

    Args:
        path: the dataset's directory DIR, or `DIR/<split>`.
        split: its name, or a word for it such as "PublicTest"; None where `path` tells it or the
            dataset has one split only.

    Raises:
        DatasetError: no such dataset or split, or a shard is damaged or not the one written.
    """
    directory = path
    if not (path / MANIFEST).is_file() and path.name in SPLITS:
        directory, split = path.parent, split or path.name
    manifest = read_manifest(directory)
    known = manifest.splits
    name = next(iter(known)) if split is None and len(known) == 1 else split_named(split or "")
    if name not in known:
        raise DatasetError(
            f"{directory}: expected one of the splits {', '.join(known)}, got {split or 'none'}; "
            f"name it as {directory}/{next(iter(known))}"
        )
    table = _read_shards([directory / shard for shard in known[name].shards])
    faces = _faces(table, manifest.classes, f"{directory.name}/{name}")
    if faces.fingerprint() != known[name].fingerprint:
        raise DatasetError(
            f"{directory}: the split {name} is not what {MANIFEST} says (a shard was changed or "
            "exchanged); prepare the dataset again"
        )
    return faces


def _read_shards(shards: Sequence[Path]) -> pa.Table:
    tables = []
    for shard in shards:
        try:
            with pq.ParquetFile(shard) as file:
                tables.append(file.read())
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(
                f"{shard}: a shard is missing or damaged; prepare the dataset again: {error}"
            ) from error
    return pa.concat_tables(tables)


def _faces(table: pa.Table, classes: dict[str, int], name: str) -> FaceSet:
    images = [decode(png) for png in table["image"].to_pylist()]
    readable = [image for image in images if image is not None]
    if len(readable) < len(images) or len({image.shape for image in readable}) != 1:
        raise DatasetError(f"{name}: holds damaged pictures; prepare the dataset again")
    number_of = {number: EMOTIONS.index(emotion) for emotion, number in classes.items()}
    labels = np.array([number_of[label] for label in table["label"].to_pylist()], np.int64)
    columns = [f"fp_{vote}" for vote in VOTES]
    votes = None
    if set(columns) <= set(table.column_names):
        votes = np.stack([table[column].to_numpy() for column in columns], axis=1)
        votes = votes.astype(np.float32)
    return FaceSet(name, np.stack(readable), labels, votes)


def read_faces(
    sources: Sequence[str], split: str | None = None, config: PrepareConfig | None = None
) -> tuple[FaceSet, list[Finding]]:
    """All labelled faces of any sources that `prepare` takes, without writing a dataset.

    Args:
        sources: files, directories or archives.
        split: only faces whose source puts them into this split; None is all of them.
        config: settings; the defaults if None.

    Returns:
        The faces, and what could not be taken or is to be said of the rest.

    Raises:
        InputError: a source does not exist or is of no known kind.
        DatasetError: a source is damaged, or there are no faces.
    """
    reading = read_sources(sources, config or PrepareConfig())
    wanted = split_named(split or "")
    if split is not None and wanted is None:
        raise DatasetError(f"expected one of the splits {', '.join(SPLITS)}, got {split!r}")
    samples = [s for s in reading.samples if wanted in (None, split_named(s.usage or ""))]
    if not samples:
        raise DatasetError(f"{', '.join(sources)}: expected labelled faces, got none")
    return face_set(samples, ", ".join(sources)), reading.findings
