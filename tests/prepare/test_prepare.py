"""From sources to a written dataset and back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from fer_core.emotions import EMOTIONS
from fer_core.errors import ConfigError, DatasetError, InputError
from fer_core.settings import load_config
from fer_core.training.dataset import FaceSet
from fer_core.training.prepare import (
    PrepareConfig,
    PrepareReport,
    is_dataset,
    prepare,
    read_dataset,
    read_faces,
)
from tests.prepare.examples import (
    labels_of,
    noise,
    png,
    usages_of,
    write_csv,
    write_folder,
    write_parquet,
    write_votes,
    zip_up,
)

COUNT = 56
FACES, LABELS, USAGES = noise(COUNT), labels_of(COUNT), usages_of(COUNT)
REVERSED = {name: 6 - number for number, name in enumerate(EMOTIONS)}
FER2013 = Path(__file__).parents[2].parent / "shared" / "data" / "fer2013"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "fer2013.csv", FACES, LABELS, USAGES)


def run(out: Path, *sources: Path, force: bool = False, **config) -> PrepareReport:
    settings = PrepareConfig.model_validate(config)
    return prepare([str(source) for source in sources], out, settings, force)


def test_a_dataset_is_shards_and_what_is_said_of_them(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run(out, table, shard_rows=30)
    assert sorted(path.name for path in out.iterdir()) == [
        "dataset.json", "report.json", "report.md", "samples.png",
        "test-00000.parquet", "train-00000.parquet", "train-00001.parquet",
        "validation-00000.parquet",
    ]  # fmt: skip
    assert (report.seen, report.written, report.dropped) == (COUNT, COUNT, ())
    facts = json.loads((out / "dataset.json").read_text())
    assert facts["schema_version"] == 1
    assert facts["classes"] == {name: number for number, name in enumerate(EMOTIONS)}
    assert {name: split["rows"] for name, split in facts["splits"].items()} == {
        "train": 42, "validation": 7, "test": 7
    }  # fmt: skip
    shard = pq.read_table(out / "train-00001.parquet").to_pylist()
    assert len(shard) == 12
    row = shard[0]["source_row"]
    assert row == shard[0]["row"]
    assert (shard[0]["usage"], shard[0]["split"]) == ("Training", "train")
    assert shard[0]["image"] == png(FACES[row])
    assert shard[0]["label_name"] == EMOTIONS[LABELS[row]]


def test_a_shard_is_a_source_too(table: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", table, classes=REVERSED)
    faces, _ = read_faces([str(tmp_path / "out" / "train-00000.parquet")], "Training")
    again = read_dataset(tmp_path / "out", "train")
    np.testing.assert_array_equal(faces.images, again.images)
    np.testing.assert_array_equal(faces.labels, again.labels)


def test_every_split_comes_back_in_our_order_whatever_was_written(
    table: Path, tmp_path: Path
) -> None:
    votes = write_votes(tmp_path / "fer2013new.csv", USAGES)
    out = tmp_path / "out"
    run(out, table, tmp_path / "fer2013new.csv", classes=REVERSED)
    shard = pq.read_table(out / "test-00000.parquet")
    rows = [index for index, usage in enumerate(USAGES) if usage == "PrivateTest"]
    assert shard["label"].to_pylist() == [6 - LABELS[row] for row in rows]
    for faces in (read_dataset(out / "test"), read_dataset(out, "PrivateTest")):
        assert faces.labels.tolist() == [LABELS[row] for row in rows]
        np.testing.assert_array_equal(faces.images, np.stack([FACES[row] for row in rows]))
        np.testing.assert_array_equal(faces.votes, votes[rows])


def test_rows_without_votes_have_none(table: Path, tmp_path: Path) -> None:
    write_votes(tmp_path / "fer2013new.csv", USAGES)
    own = write_folder(tmp_path / "own", noise(7, 9), labels_of(7), ["train"] * 7)
    run(tmp_path / "out", table, own, tmp_path / "fer2013new.csv")
    votes = read_dataset(tmp_path / "out/train").votes
    assert votes is not None
    assert np.all(votes[:42].sum(axis=1) > 0)
    assert np.all(votes[42:] == 0)


def test_every_shape_gives_the_same_dataset(table: Path, tmp_path: Path) -> None:
    parquet = write_parquet(
        tmp_path / "a.parquet", image=map(png, FACES), label=LABELS, usage=USAGES
    )
    packed = tmp_path / "packed"
    packed.mkdir()
    table.rename(packed / "fer2013.csv")
    archive = zip_up(tmp_path / "fer2013.zip", packed)
    first = run(tmp_path / "1", parquet).fingerprint
    assert run(tmp_path / "2", archive).fingerprint == first
    assert run(tmp_path / "3", tmp_path / "1").fingerprint == first  # a dataset is a source too


def test_the_seed_decides_where_the_source_does_not(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", FACES, LABELS, None, "emotion,pixels")
    prints = [
        run(tmp_path / str(number), source, split={"seed": seed}).fingerprint
        for number, seed in enumerate((1, 1, 2))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_nothing_is_left_out_unsaid(tmp_path: Path) -> None:
    faces = [*FACES[:10], FACES[0], FACES[1], np.zeros((48, 48), np.uint8)]
    labels = [*LABELS[:10], LABELS[0], 6, 0]
    usages = ["Training"] * 10 + ["PublicTest", "Training", "Training"]
    source = write_csv(tmp_path / "a.csv", faces, [*labels[:-1], 0], usages)
    with source.open("a") as file:
        file.write("7,1 2 3 4,Training\n")
    out = tmp_path / "out"
    report = run(out, source, drop={"blank": True, "leaks": True, "conflicts": True})
    assert {(d.picture.rsplit(" ", 1)[1], d.reason) for d in report.dropped} == {
        ("13", "unknown_label"),
        ("12", "blank"),
        ("0", "leak"),
        ("1", "conflict"),
        ("11", "conflict"),
    }
    assert report.seen == 14 == report.written + 5
    written = json.loads((out / "report.json").read_text())
    assert len(written["dropped_pictures"]) == 5
    assert written["findings"]["leak"] == {
        "findings": 1, "pictures": 2, "by_split": {"train": 1, "validation": 1}, "dropped": 1
    }  # fmt: skip
    text = (out / "report.md").read_text()
    assert f"{source} row 0 = {source} row 10" in text
    assert f"{source} row 1 = {source} row 11: disgust, neutral" in text
    assert "validation has no picture of disgust" in text


def test_pictures_are_of_the_size_asked_for(table: Path, tmp_path: Path) -> None:
    report = run(tmp_path / "out", table, size=32)
    assert report.figures("wrong_size")["pictures"] == COUNT
    assert read_dataset(tmp_path / "out/train").images.shape[1:] == (32, 32)


def test_the_grid_shows_each_class_in_its_row(table: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", table)
    grid = cv2.imread(str(tmp_path / "out" / "samples.png"), cv2.IMREAD_GRAYSCALE)
    assert grid is not None
    assert grid.shape == (7 * 96, 140 + 12 * 96)


def test_a_directory_in_use_is_refused_and_replaced_only_by_force(
    table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(out, table, shard_rows=10)
    (out / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match="--force"):
        run(out, table)
    bad = tmp_path / "bad.csv"
    bad.write_text("emotion,pixels\n9,1\n")
    with pytest.raises(DatasetError, match="1 unknown_label"):
        run(out, bad, force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    run(out, table, force=True)
    assert not (out / "train-00001.parquet").exists()
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(InputError, match="got a file"):
        run(table, table)


def test_where_nothing_can_be_written_is_one_clear_error(table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot write the dataset to"):
        run(tmp_path / "file" / "out", table)


def test_the_output_below_a_source_is_not_read(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "faces", FACES, LABELS, ["train"] * COUNT)
    for _ in range(2):
        assert run(root / "prepared", root, force=True).written == COUNT


@pytest.mark.parametrize("damage", ["cut", "gone", "exchanged"])
def test_a_damaged_dataset_is_told(table: Path, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    run(out, table)
    shard = out / "train-00000.parquet"
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:-100])
    elif damage == "gone":
        shard.unlink()
    else:
        (out / "test-00000.parquet").replace(shard)
    with pytest.raises(DatasetError, match="prepare the dataset again"):
        read_dataset(out, "train")


def test_which_split_is_meant_must_be_clear(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, table)
    assert is_dataset(out)
    assert is_dataset(out / "train")
    assert not is_dataset(tmp_path)
    for split in (None, "Public"):
        with pytest.raises(DatasetError, match="train, validation, test"):
            read_dataset(out, split)
    with pytest.raises(DatasetError, match="fer prepare wrote"):
        read_dataset(tmp_path)
    (out / "dataset.json").write_text('{"schema_version": 99}')
    with pytest.raises(DatasetError, match="schema version 1"):
        read_dataset(out, "train")


def test_faces_of_any_source_without_a_dataset(table: Path) -> None:
    faces, findings = read_faces([str(table)], "PublicTest")
    assert (len(faces), findings) == (7, [])
    with pytest.raises(DatasetError, match="expected one of the splits"):
        read_faces([str(table)], "nonsense")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("classes='happy: 0, sad: 7'", "with one of 0–6 each"),
        ("classes='happy: 0, bored: 1'", "got bored"),
        ("source_classes='happy: 1, happiness: 2'", "each emotion and each integer once"),
        ("split.train=0.9", "must sum to 1"),
        ("drop.where=test", "train"),
        ("drop.blanks=true", "drop.blanks"),
        ("size=8", "size"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(setting: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_config(PrepareConfig, overrides=[setting])


def test_emotions_that_a_class_map_does_not_name_follow_in_their_order() -> None:
    config = load_config(PrepareConfig, overrides=["classes='happy: 0, sad: 1'"])
    left = {"angry": 2, "disgust": 3, "fear": 4, "surprise": 5, "neutral": 6}
    assert config.classes == {"happy": 0, "sad": 1, **left}


def fer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "fer_core.cli.main", "prepare", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    classes = ", ".join(f"{name}: {number}" for name, number in REVERSED.items())
    done = fer(table, "--out", out, "--classes", classes, "--drop-blank", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["counts"]["train"]["happy"] == 6
    assert json.loads((out / "dataset.json").read_text())["classes"] == REVERSED
    again = fer(table, "--out", out)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith(f"fer: {out}: expected an empty or new directory")


def test_the_flow(table: Path, tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    from flows.prepare_dataset import prepare_dataset

    state = prepare_dataset(
        [str(table)], str(tmp_path / "out"), PrepareConfig(size=32), return_state=True
    )
    assert state.result().written == COUNT
    assert is_dataset(tmp_path / "out")
    run = ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=run))
    assert artifact.key == "dataset-report"
    assert artifact.data == (tmp_path / "out" / "report.md").read_text()


def as_it_is(file: Path) -> FaceSet:
    """A Parquet file's faces, read without anything of this package."""
    table = pq.read_table(file, columns=["image", "label"])
    pictures = [
        cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
        for image in table["image"].to_pylist()
    ]
    return FaceSet(file.name, np.array(pictures), table["label"].to_numpy().astype(np.int64))


@pytest.mark.skipif(not FER2013.is_dir(), reason="FER2013 is not in ../shared/data/fer2013")
def test_what_is_known_of_fer2013(tmp_path: Path) -> None:
    files = [FER2013 / "Training.parquet", FER2013 / "PublicTest.parquet"]
    report = run(tmp_path / "out", *files, drop={"leaks": True})
    assert report.seen == 28_709 + 3_589
    assert report.figures("blank")["by_split"] == {"train": 11, "validation": 1}
    leaks = report.figures("leak")
    assert leaks["by_split"] == {"train": 351, "validation": 280}
    assert leaks["dropped"] == 351
    duplicates = report.figures("duplicate")
    # 1,853 of all three splits; the third is not there.
    assert duplicates["pictures"] - duplicates["findings"] == 1532
    assert report.figures("conflict")["findings"] == 47
    validation = read_dataset(tmp_path / "out/validation")
    assert validation.fingerprint() == as_it_is(files[1]).fingerprint()
    train = read_dataset(tmp_path / "out/train")
    assert len(train) == 28_709 - 351
    assert not np.isin(train.digests(), validation.digests()).any()


def test_the_commented_configuration_holds_the_defaults() -> None:
    file = Path(__file__).parents[2] / "configs" / "prepare.yaml"
    assert load_config(PrepareConfig, file) == PrepareConfig()
