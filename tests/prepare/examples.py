"""Small made-up faces, and files of every shape with them in it."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.emotions import EMOTIONS
from fer_core.training.dataset import VOTES
from fer_core.training.prepare.sample import Origin, Sample

Face = np.ndarray
USAGES = ("Training", "PublicTest", "PrivateTest")


def noise(count: int, seed: int = 0, size: int = 48) -> list[Face]:
    """Distinct grey pictures that look unlike each other."""
    return list(np.random.default_rng(seed).integers(0, 256, (count, size, size), np.uint8))


def labels_of(count: int) -> list[int]:
    """The seven labels in turn."""
    return [index % len(EMOTIONS) for index in range(count)]


def usages_of(count: int) -> list[str]:
    """Three quarters Training, the rest in turn PublicTest and PrivateTest."""
    return [USAGES[0] if index % 4 else USAGES[1 + index // 4 % 2] for index in range(count)]


def png(face: Face) -> bytes:
    return cv2.imencode(".png", face)[1].tobytes()


def write_csv(
    path: Path,
    faces: Sequence[Face],
    labels: Sequence[object],
    usages: Sequence[str] | None,
    header: str = "emotion,pixels,Usage",
) -> Path:
    """As Kaggle's `fer2013.csv`, in the order of columns that the header has."""
    lines = [header]
    for index, (face, label) in enumerate(zip(faces, labels, strict=True)):
        values = {"emotion": str(label), "pixels": " ".join(map(str, np.ravel(face)))}
        values["usage"] = usages[index] if usages else ""
        lines.append(",".join(values[name.strip().lower()] for name in header.split(",")))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_votes(path: Path, usages: Sequence[str]) -> np.ndarray:
    """As FER+'s `fer2013new.csv`; returns the votes, which tell the rows apart."""
    votes = np.array([[row % 7, 1, 0, 0, 2, 0, 0, 0, 0, 9 - row % 7] for row in range(len(usages))])
    lines = [",".join(["Usage", "Image name", *VOTES])]
    lines += [
        ",".join([usage, f"fer{row + 3:07}.png", *map(str, votes[row])])
        for row, usage in enumerate(usages)
    ]
    path.write_text("\n".join(lines) + "\n")
    return votes


def write_folder(
    root: Path, faces: Sequence[Face], labels: Sequence[int], folders: Sequence[str]
) -> Path:
    """`root/<folder>/<emotion>/<number>.png`."""
    for index, (face, label, folder) in enumerate(zip(faces, labels, folders, strict=True)):
        file = root / folder / EMOTIONS[label] / f"{index:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(face))
    return root


def write_parquet(path: Path, metadata: dict | None = None, **columns: Sequence) -> Path:
    """A Parquet file with these columns, and perhaps the metadata of the `datasets` library."""
    table = pa.table({name: list(values) for name, values in columns.items()})
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    pq.write_table(table, path)
    return path


def zip_up(archive: Path, root: Path) -> Path:
    """Everything below a directory, in an archive."""
    with zipfile.ZipFile(archive, "w") as file:
        for member in sorted(root.rglob("*")):
            file.write(member, member.relative_to(root))
    return archive


def sample(
    face: Face, label: int = 0, split: str | None = None, name: str = "a.png", **more
) -> Sample:
    """A sample as the readers make it."""
    height, width = face.shape
    return Sample(face, label, Origin("in", name), width, height, split=split, **more)
