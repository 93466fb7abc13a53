"""Every shape in which people have labelled faces is read to the same samples."""

import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError, InputError
from fer_core.training.dataset import VOTES
from fer_core.training.prepare import PrepareConfig
from fer_core.training.prepare.labels import SPLITS, emotion_named, split_named
from fer_core.training.prepare.readers import Reading, read_sources
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

COUNT = 21
FACES, LABELS, USAGES = noise(COUNT), labels_of(COUNT), usages_of(COUNT)
TRUTH = sorted(
    (face.tobytes(), label, split_named(usage))
    for face, label, usage in zip(FACES, LABELS, USAGES, strict=True)
)


def read(*sources: Path, **config) -> Reading:
    return read_sources([str(s) for s in sources], PrepareConfig.model_validate(config))


def content(reading: Reading) -> list[tuple]:
    """Pixels, label and split of all samples, in no order."""
    return sorted((s.image.tobytes(), s.label, split_named(s.usage or "")) for s in reading.samples)


def kinds(reading: Reading) -> list[str]:
    return [finding.kind for finding in reading.findings]


@pytest.mark.parametrize(
    "header", ["emotion,pixels,Usage", "emotion, Usage, pixels", "Usage,emotion,pixels"]
)
def test_csv(tmp_path: Path, header: str) -> None:
    reading = read(write_csv(tmp_path / "fer2013.csv", FACES, LABELS, USAGES, header))
    assert content(reading) == TRUTH
    assert [sample.fer_row for sample in reading.samples] == list(range(COUNT))
    assert not reading.findings


def test_csv_without_usage_has_no_split(tmp_path: Path) -> None:
    reading = read(write_csv(tmp_path / "train.csv", FACES, LABELS, None, "emotion,pixels"))
    assert {sample.usage for sample in reading.samples} == {None}


def test_csv_faults_are_told_by_row(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    good = " ".join(["7"] * 48 * 48)
    lines = [
        f"3,{good}",
        "3,1 2 3",
        f"9,{good}",
        "",
        f"3,{good} x",
        f"3,256 {good[2:]}",
        "1,",
        f"3,{good},0",
    ]
    path.write_text("\n".join(["emotion,pixels", *lines, f"6,{good}"]) + "\n")
    reading = read(path)
    assert [sample.origin.row for sample in reading.samples] == [0, 8]
    assert [finding.pictures[0].rsplit(" ", 1)[1] for finding in reading.findings] == list(
        "1234567"
    )
    assert kinds(reading) == ["unreadable", "unknown_label", *["unreadable"] * 5]
    assert "square number of grey values, got 3" in reading.findings[0].detail


def test_parquet_as_bytes_with_fer_rows_and_votes(tmp_path: Path) -> None:
    votes = {f"fp_{name}": [1] * COUNT for name in VOTES}
    path = write_parquet(
        tmp_path / "all.parquet",
        row=range(100, 100 + COUNT),
        image=map(png, FACES),
        label=LABELS,
        usage=USAGES,
        **votes,
    )
    reading = read(path)
    assert content(reading) == TRUTH
    assert reading.samples[3].fer_row == reading.samples[3].origin.row == 103
    assert reading.samples[3].votes == (1,) * 10


def test_parquet_of_the_datasets_library_has_an_order_of_its_own(tmp_path: Path) -> None:
    names = sorted(EMOTIONS)
    features = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    path = write_parquet(
        tmp_path / "train-00000-of-00001.parquet",
        features,
        image=[{"bytes": png(face), "path": None} for face in FACES],
        label=[names.index(EMOTIONS[label]) for label in LABELS],
    )
    reading = read(path)
    assert [sample.label for sample in reading.samples] == LABELS
    assert {sample.usage for sample in reading.samples} == {"train"}


def test_source_classes_say_what_integers_mean(tmp_path: Path) -> None:
    order = {name: number + 1 for number, name in enumerate(reversed(EMOTIONS))}
    numbers = [order[EMOTIONS[label]] for label in LABELS]
    table = write_parquet(tmp_path / "a.parquet", image=map(png, FACES), label=numbers)
    assert [s.label for s in read(table, source_classes=order).samples] == LABELS
    folder = tmp_path / "numbered" / "4"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(png(FACES[0]))
    assert read(folder.parent, source_classes=order).samples[0].label == EMOTIONS.index("happy")
    assert kinds(read(folder.parent)) == ["unknown_label"]


def test_folders_by_split_and_class(tmp_path: Path) -> None:
    folders = [
        {"train": "train", "validation": "val"}.get(split_named(u) or "", "test") for u in USAGES
    ]
    root = write_folder(tmp_path / "faces", FACES, LABELS, folders)
    reading = read(root)
    assert content(reading) == TRUTH
    assert {sample.origin.path for sample in reading.samples} >= {"val/angry/0000.png"}
    one_split = read(root / "train")
    assert {sample.usage for sample in one_split.samples} == {"train"}


def test_kaggle_names_give_the_split_back(tmp_path: Path) -> None:
    for index, (face, label, usage) in enumerate(zip(FACES, LABELS, USAGES, strict=True)):
        folder = tmp_path / ("train" if usage == "Training" else "test") / EMOTIONS[label]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{usage}_{index * 7919}.png").write_bytes(png(face))
    assert content(read(tmp_path)) == TRUTH


@pytest.mark.parametrize(
    ("folder", "emotion"),
    [
        ("anger", "angry"),
        ("Disgusted", "disgust"),
        ("fearful", "fear"),
        ("HAPPINESS", "happy"),
        ("04.sadness", "sad"),
        ("surprised", "surprise"),
        ("neutral", "neutral"),
        ("contempt", None),
        ("unhappy", None),
        ("3", None),
    ],
)
def test_names_of_classes(folder: str, emotion: str | None) -> None:
    assert emotion_named(folder) == emotion


def test_unknown_classes_broken_pictures_and_other_files_are_told(tmp_path: Path) -> None:
    for folder in ("happy", "contempt"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(png(FACES[0]))
    (tmp_path / "happy" / "cut.png").write_bytes(png(FACES[1])[:40])
    (tmp_path / "happy" / "empty.jpg").touch()
    (tmp_path / "happy" / ".hidden.png").touch()
    (tmp_path / "notes.txt").write_text("…")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    reading = read(tmp_path)
    assert len(reading.samples) == 1
    assert sorted(kinds(reading)) == [
        "not_read", "not_read", "unknown_label", "unreadable", "unreadable"
    ]  # fmt: skip


def test_zip_archives_of_folders_and_of_tables(tmp_path: Path) -> None:
    folders = [split_named(usage) or "" for usage in USAGES]
    root = write_folder(tmp_path / "unpacked", FACES, LABELS, folders)
    (root / "__MACOSX" / "train" / "happy").mkdir(parents=True)
    (root / "__MACOSX" / "train" / "happy" / "x.png").write_text("no picture")
    reading = read(zip_up(tmp_path / "faces.zip", root))
    assert content(reading) == TRUTH
    assert reading.samples[0].origin.file.startswith(str(tmp_path / "faces.zip") + "/test/")
    table = tmp_path / "table"
    table.mkdir()
    write_csv(table / "fer2013.csv", FACES, LABELS, USAGES)
    assert content(read(zip_up(tmp_path / "fer2013.zip", table))) == TRUTH


def test_votes_are_joined_by_row_and_not_by_name(tmp_path: Path) -> None:
    votes = write_votes(tmp_path / "fer2013new.csv", USAGES)
    reading = read(
        write_csv(tmp_path / "fer2013.csv", FACES, LABELS, USAGES), tmp_path / "fer2013new.csv"
    )
    np.testing.assert_array_equal([sample.votes for sample in reading.samples], votes)


def test_votes_of_rows_of_another_split_are_refused(tmp_path: Path) -> None:
    write_votes(tmp_path / "fer2013new.csv", USAGES[1:])
    table = write_csv(tmp_path / "fer2013.csv", FACES, LABELS, USAGES)
    with pytest.raises(DatasetError, match=r"of the same fer2013\.csv, in its order"):
        read(table, tmp_path / "fer2013new.csv")


def test_votes_need_a_source_that_knows_its_rows(tmp_path: Path) -> None:
    write_votes(tmp_path / "fer2013new.csv", USAGES)
    root = write_folder(tmp_path / "faces", FACES, LABELS, ["train"] * COUNT)
    with pytest.raises(DatasetError, match="joined by row"):
        read(root, tmp_path / "fer2013new.csv")
    mixed = read(
        root,
        write_csv(tmp_path / "fer2013.csv", FACES, LABELS, USAGES),
        tmp_path / "fer2013new.csv",
    )
    assert [len(f.pictures) for f in mixed.findings if f.kind == "no_votes"] == [COUNT]


def test_sizes_are_made_one_by_area(tmp_path: Path) -> None:
    stripes = np.zeros((96, 96), np.uint8)
    stripes[:, ::2] = 200
    wide = np.zeros((60, 100), np.uint8)
    wide[:, 20:80] = 255
    (tmp_path / "sad").mkdir()
    cv2.imwrite(str(tmp_path / "sad" / "a.png"), stripes)
    cv2.imwrite(str(tmp_path / "sad" / "b.png"), wide)
    first, second = read(tmp_path, faces={"find": "never"}).samples
    assert np.all(first.image == 100)
    assert (first.width, first.height) == (96, 96)
    assert np.all(second.image == 255)  # the middle, not a squeezed picture


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("missing.csv", None, InputError),
        ("table.csv", "a,b\n1,2\n", InputError),
        ("empty.csv", "", DatasetError),
        ("bytes.csv", "emotion,pixels\n1,\udcff\n", DatasetError),
        ("faces.parquet", "no parquet", DatasetError),
        ("faces.zip", "no archive", DatasetError),
        ("faces.txt", "what?", InputError),
    ],
)
def test_bad_sources_are_one_clear_error(
    tmp_path: Path, name: str, text: str | None, error: type[Exception]
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, errors="surrogateescape")
    with pytest.raises(error, match=name) as caught:
        read(tmp_path / name)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_one_clear_error(tmp_path: Path, method: int) -> None:
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w", method) as file:
        file.writestr("fer2013.csv", np.random.default_rng(1).bytes(5000))
    content = bytearray(archive.read_bytes())
    content[60:2000] = b"x" * 1940
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match=r"faces\.zip: cannot be unpacked"):
        read(archive)


def test_an_empty_folder_and_a_parquet_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="got no file"):
        read(tmp_path / "empty")
    other = write_parquet(tmp_path / "other.parquet", name=["a"], price=[1])
    with pytest.raises(DatasetError, match="image and label, got name, price"):
        read(other)


def test_links_that_go_round_in_circles_are_followed_once(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "faces", FACES, LABELS, ["train"] * COUNT)
    (root / "again").symlink_to(root)
    assert len(read(root).samples) == COUNT


def test_origins_name_the_picture(tmp_path: Path) -> None:
    sample = read(write_csv(tmp_path / "a.csv", FACES, LABELS, USAGES)).samples[4]
    assert str(sample.origin) == f"{tmp_path / 'a.csv'} row 4"
    assert str(replace(sample.origin, time_s=1.5)).endswith("a.csv at 1.50 s")
    assert set(SPLITS) == {"train", "validation", "test"}
