"""A dataset on disk: Parquet shards, and `dataset.json` that is written last."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS
from fer_core.errors import InputError
from fer_core.training.dataset import VOTES, FaceSet
from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.labels import SPLITS
from fer_core.training.prepare.manifest import MANIFEST, Manifest, Split
from fer_core.training.prepare.sample import Sample

SCHEMA = pa.schema(
    [
        ("image", pa.binary()),
        ("label", pa.int8()),
        ("label_name", pa.string()),
        ("usage", pa.string()),
        ("split", pa.string()),
        ("row", pa.int32()),
        ("source", pa.string()),
        ("path", pa.string()),
        ("source_row", pa.int32()),
        ("time_s", pa.float64()),
        ("sha256", pa.string()),
    ]
)
"""Columns of a shard; ten `fp_…` (uint8) follow where any sample has FER+ votes, all 0 in the
rows without. `row` is that of the original fer2013.csv, where known."""

VOTE_FIELDS = [pa.field(f"fp_{name}", pa.uint8()) for name in VOTES]


def check_target(out: Path, force: bool) -> None:
    """Whether a dataset may be written there.

    Raises:
        InputError: `out` is a file, or holds something already and `force` is not given.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: expected a directory to write to, got a file")
    if not force and out.is_dir() and any(out.iterdir()):
        raise InputError(
            f"{out}: expected an empty or new directory, got one with files in it; "
            "name another, or replace the dataset in it with --force"
        )


def remove_dataset(out: Path) -> None:
    """Removes the shards of a dataset and what makes it one; other files stay."""
    (out / MANIFEST).unlink(missing_ok=True)
    for split in SPLITS:
        for shard in out.glob(f"{split}-[0-9][0-9][0-9][0-9][0-9].parquet"):
            shard.unlink()


def write_shards(samples: Sequence[Sample], out: Path, config: PrepareConfig) -> dict[str, Split]:
    """Writes the shards of all splits that have samples.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    schema = SCHEMA
    if any(sample.votes for sample in samples):
        schema = pa.schema([*SCHEMA, *VOTE_FIELDS])
    return {
        split: _write_split(split, members, out, config, schema)
        for split in SPLITS
        if (members := [sample for sample in samples if sample.split == split])
    }


def _write_split(
    split: str, samples: Sequence[Sample], out: Path, config: PrepareConfig, schema: pa.Schema
) -> Split:
    shards = []
    starts = range(0, len(samples), config.shard_rows)
    for number, start in enumerate(tqdm(starts, f"write {split}", unit=" shards", disable=None)):
        rows = [_row(s, config.classes, schema) for s in samples[start : start + config.shard_rows]]
        shards.append(f"{split}-{number:05}.parquet")
        with atomic_file(out / shards[-1]) as temporary:
            pq.write_table(pa.Table.from_pylist(rows, schema), temporary, compression="zstd")
    faces = face_set(samples, split)
    return Split(
        rows=len(samples), shards=shards, fingerprint=faces.fingerprint(), counts=faces.counts()
    )


def _row(sample: Sample, classes: dict[str, int], schema: pa.Schema) -> dict[str, object]:
    name = EMOTIONS[sample.label]
    encoded, png = cv2.imencode(".png", sample.image)
    assert encoded, "a grey uint8 picture can be encoded"
    row: dict[str, object] = {
        "image": png.tobytes(),
        "label": classes[name],
        "label_name": name,
        "usage": sample.usage or sample.split,
        "split": sample.split,
        "row": sample.fer_row,
        "source": sample.origin.source,
        "path": sample.origin.path,
        "source_row": sample.origin.row,
        "time_s": sample.origin.time_s,
        "sha256": sample.digest,
    }
    if len(schema) > len(SCHEMA):
        names = (field.name for field in VOTE_FIELDS)
        row.update(zip(names, sample.votes or [0] * len(VOTES), strict=True))
    return row


def face_set(samples: Sequence[Sample], name: str) -> FaceSet:
    """Samples as training takes them; their votes if any has some."""
    votes = None
    if any(sample.votes for sample in samples):
        votes = np.array([s.votes or [0] * len(VOTES) for s in samples], np.float32)
    labels = np.array([sample.label for sample in samples], np.int64)
    return FaceSet(name, np.stack([sample.image for sample in samples]), labels, votes)


def make_manifest(
    splits: dict[str, Split], sources: Sequence[str], config: PrepareConfig
) -> Manifest:
    """What the dataset will say of itself."""
    prints = "".join(f"{name}:{split.fingerprint};" for name, split in splits.items())
    return Manifest(
        created_by=f"fer-pipeline {_version()}",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        size=config.size,
        classes=config.classes,
        splits=splits,
        fingerprint=hashlib.sha256(prints.encode()).hexdigest()[:16],
        sources=list(sources),
        options=config.model_dump(mode="json"),
    )


def write_manifest(manifest: Manifest, out: Path) -> None:
    """Writes `dataset.json`: from now on `out` is a dataset.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    with atomic_file(out / MANIFEST) as temporary:
        temporary.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _version() -> str:
    try:
        return version("fer-pipeline")
    except PackageNotFoundError:
        return "(not installed)"
