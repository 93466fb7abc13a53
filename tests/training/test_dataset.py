"""Which faces a run gets, and what is said of data that cannot be used."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fer_core.errors import DatasetError
from fer_core.training.config import DataConfig
from fer_core.training.selection import load_data
from fer_core.training.source import load_faces
from tests.training.examples import SIZE, made_up_faces, write_faces


def test_faces_come_back_as_written(faces_dir: Path):
    images, labels = made_up_faces(1)
    faces, findings = load_faces(faces_dir / "train.parquet", SIZE)
    assert (faces.name, findings) == ("train.parquet", {})
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.labels, labels)
    np.testing.assert_array_equal(faces.emotion_votes().argmax(axis=1), labels)
    assert len(np.unique(faces.digests())) == len(faces)


def test_one_split_can_be_taken(faces_dir: Path):
    file = faces_dir / "validation.parquet"
    assert len(load_faces(file, SIZE, "PublicTest")[0]) == len(load_faces(file, SIZE)[0])
    with pytest.raises(DatasetError):
        load_faces(file, SIZE, "PrivateTest")


def test_splits_out_of_one_file_are_told_apart(tmp_path: Path):
    train, validation = made_up_faces(1), made_up_faces(2)
    usages = ["Training"] * len(train[1]) + ["PublicTest"] * len(validation[1])
    both = (np.concatenate(parts) for parts in zip(train, validation, strict=True))
    file = write_faces(tmp_path / "faces.parquet", *both, usage=usages)
    config = DataConfig(
        train=file, train_split="train", validation=file, validation_split="PublicTest", size=SIZE
    )
    data = load_data(config)
    assert data.train.name == "faces.parquet (train)"
    assert data.validation.name == "faces.parquet (PublicTest)"
    np.testing.assert_array_equal(data.validation.labels, validation[1])


def test_a_damaged_picture_is_counted_and_a_damaged_file_refused(faces_dir: Path, tmp_path: Path):
    table = pq.read_table(faces_dir / "train.parquet")
    pictures = [b"no png", *table["image"].to_pylist()[1:]]
    damaged = table.set_column(table.schema.get_field_index("image"), "image", pa.array(pictures))
    pq.write_table(damaged, tmp_path / "damaged.parquet")
    faces, findings = load_faces(tmp_path / "damaged.parquet", SIZE)
    assert (len(faces), findings) == (len(table) - 1, {"unreadable": 1})
    shard = tmp_path / "cut.parquet"
    shard.write_bytes((faces_dir / "train.parquet").read_bytes()[:-100])
    with pytest.raises(DatasetError, match=r"cut\.parquet"):
        load_faces(shard, SIZE)


def test_an_empty_class_stops_a_run_before_it_begins(faces_dir: Path, tmp_path: Path):
    few = write_faces(tmp_path / "few.parquet", *made_up_faces(1, range(6)))
    with pytest.raises(DatasetError, match=r"few.parquet: .* got none of neutral"):
        load_data(DataConfig(train=few, validation=faces_dir / "train.parquet", size=SIZE))


def test_blank_and_leaked_faces_are_left_out_when_asked(tmp_path: Path):
    images, labels = made_up_faces(1)
    images[:3] = 0
    train = write_faces(tmp_path / "train.parquet", images, labels)
    leaked = write_faces(tmp_path / "leaked.parquet", images[3:60], labels[3:60])

    def faces_left(drop_leaks: bool) -> int:
        config = DataConfig(train=train, validation=leaked, size=SIZE, drop_leaks=drop_leaks)
        return len(load_data(config).train)

    assert faces_left(drop_leaks=False) == len(images) - 3
    assert faces_left(drop_leaks=True) == len(images) - 60
