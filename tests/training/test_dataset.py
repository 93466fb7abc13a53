"""Reading labelled faces, and what is said of files that cannot be used."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fer_core.errors import DatasetError
from fer_core.training.config import DataConfig
from fer_core.training.dataset import load_faces
from fer_core.training.selection import load_data

from .conftest import SIZE, made_up_faces, write_faces


def test_faces_come_back_as_written(faces_dir: Path):
    images, labels = made_up_faces(1)
    faces = load_faces(faces_dir / "train.parquet")
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.labels, labels)
    assert faces.votes is not None
    np.testing.assert_array_equal(faces.emotion_votes().argmax(axis=1), labels)
    assert faces.fingerprint() == load_faces(faces_dir / "train.parquet").fingerprint()
    assert len(np.unique(faces.digests())) == len(faces)


def test_one_split_can_be_taken(faces_dir: Path):
    file = faces_dir / "validation.parquet"
    assert len(load_faces(file, "PublicTest")) == len(load_faces(file))
    with pytest.raises(DatasetError, match="expected one of the splits PublicTest, got 'Test'"):
        load_faces(file, "Test")


def test_unusable_files_are_explained(tmp_path: Path):
    with pytest.raises(DatasetError, match="cannot read faces"):
        load_faces(tmp_path / "missing.parquet")
    shard = write_faces(tmp_path / "cut.parquet", *made_up_faces(1))
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="cannot read faces"):
        load_faces(shard)
    pq.write_table(pa.table({"pixels": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DatasetError, match="expected the columns image and label, got pixels"):
        load_faces(tmp_path / "other.parquet")
    pq.write_table(pa.table({"image": [b"no png"], "label": [0]}), tmp_path / "damaged.parquet")
    with pytest.raises(DatasetError, match="row 0 holds no readable picture"):
        load_faces(tmp_path / "damaged.parquet")
    images, labels = made_up_faces(1)
    with pytest.raises(DatasetError, match="expected labels 0–6, got"):
        load_faces(_with_label(tmp_path / "labels.parquet", images, labels, 7))


def _with_label(file: Path, images: np.ndarray, labels: np.ndarray, label: int) -> Path:
    write_faces(file, images, labels)
    table = pq.read_table(file)
    column = table.schema.get_field_index("label")
    pq.write_table(table.set_column(column, "label", pa.array([label] * len(table))), file)
    return file


def test_an_empty_class_and_a_wrong_size_stop_a_run_before_it_begins(
    faces_dir: Path, tmp_path: Path
):
    good = faces_dir / "train.parquet"
    few = write_faces(tmp_path / "few.parquet", *made_up_faces(1, range(6)))
    with pytest.raises(DatasetError, match=r"few.parquet: .* got none of neutral"):
        load_data(DataConfig(train=few, validation=good, size=SIZE))
    with pytest.raises(DatasetError, match=f"expected pictures of 48 pixels .* got {SIZE}"):
        load_data(DataConfig(train=good, validation=good))


def test_blank_and_leaked_faces_are_left_out_when_asked(faces_dir: Path, tmp_path: Path):
    images, labels = made_up_faces(1)
    images[:3] = 0
    train = write_faces(tmp_path / "train.parquet", images, labels)
    leaked = write_faces(tmp_path / "leaked.parquet", images[3:60], labels[3:60])
    settings = {"train": train, "validation": leaked, "size": SIZE}
    assert len(load_data(DataConfig(**settings)).train) == len(images) - 3
    assert len(load_data(DataConfig(**settings, drop_leaks=True)).train) == len(images) - 60
