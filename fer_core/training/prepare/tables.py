"""Faces in CSV and Parquet, and the votes of FER+."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.errors import DatasetError
from fer_core.training.dataset import VOTES
from fer_core.training.prepare.labels import file_usage, split_named
from fer_core.training.prepare.pictures import SampleMaker, decode
from fer_core.training.prepare.sample import Finding, Origin, Sample
from fer_core.types import ByteArray

_ROWS = 2048  # of Parquet, read at once

Read = Iterator[Sample | Finding]


def csv_columns(path: Path) -> dict[str, int]:
    """The columns of a CSV file: plain lower-case name → place.

    Raises:
        DatasetError: the file is no CSV.
    """
    header = next(_lines(path), None)
    if header is None:
        raise DatasetError(f"{path}: expected a CSV file with a header, got an empty file")
    return {name.strip().casefold(): place for place, name in enumerate(header)}


def is_faces(columns: dict[str, int]) -> bool:
    """Whether a CSV file holds labelled pictures, as `fer2013.csv` does."""
    return {"emotion", "pixels"} <= set(columns)


def is_votes(columns: dict[str, int]) -> bool:
    """Whether a CSV file is FER+'s `fer2013new.csv`."""
    return {"usage", *(name.casefold() for name in VOTES)} <= set(columns)


def read_csv(path: Path, origin: Origin, maker: SampleMaker) -> Read:
    """Faces of `fer2013.csv` or `icml_face_data.csv`: emotion, pixels and perhaps Usage."""
    columns = csv_columns(path)
    for row, fields in enumerate(islice(_lines(path), 1, None)):
        place = replace(origin, row=row)
        if len(fields) != len(columns):
            detail = f"expected {len(columns)} fields, got {len(fields)}"
            yield Finding("unreadable", (str(place),), detail=detail)
            continue
        texts = {name: fields[index] for name, index in columns.items()}
        image, fault = _parse_pixels(texts["pixels"])
        sample = maker.make(image, texts["emotion"], place, fault)
        if isinstance(sample, Sample):
            sample = replace(sample, usage=texts.get("usage", "").strip() or None, fer_row=row)
        yield sample


def _lines(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, its header first; a blank line is a row without fields."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as CSV: {error}") from error


def _parse_pixels(text: str) -> tuple[ByteArray | None, str]:
    """A square picture from its grey values in text, or None and why not."""
    try:
        values = np.fromstring(text, np.int64, sep=" ")
    except ValueError:
        return None, f"expected grey values 0–255, got {text[:20]!r}…"
    side = round(len(values) ** 0.5)
    if not side or side * side != len(values):
        return None, f"expected a square number of grey values, got {len(values)}"
    if values.min() < 0 or values.max() > 255:
        return None, f"expected grey values 0–255, got {values.min()}–{values.max()}"
    return values.astype(np.uint8).reshape(side, side), ""


def read_parquet(path: Path, origin: Origin, maker: SampleMaker) -> Read:
    """Faces of a Parquet file: image, label or label_name, and perhaps usage, row and fp_….

    Images are encoded, as bytes or as a struct with `bytes`. Integers mean what the file says
    (`label_name`, or class names in the metadata that the `datasets` library writes) before
    what `maker` says.
    """
    usage = file_usage(path.stem)
    try:
        with pq.ParquetFile(path) as file:
            columns = _parquet_columns(file.schema_arrow, path)
            names = _class_names(file.schema_arrow, columns["label"])
            number = 0
            for batch in file.iter_batches(_ROWS, columns=list(columns.values())):
                for values in batch.rename_columns(list(columns)).to_pylist():
                    values = {"usage": usage, "row": None, **values}
                    values["label"] = names.get(values["label"], values["label"])
                    yield _parquet_sample(values, replace(origin, row=number), maker)
                    number += 1
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: cannot be read as Parquet: {error}") from error


_PARQUET_NAMES = {
    "image": ("image",),
    "label": ("label_name", "label", "labels", "emotion"),
    "usage": ("usage", "split"),
    "row": ("row",),
    **{f"fp_{name}": (f"fp_{name}",) for name in VOTES},
}


def _parquet_columns(schema: pa.Schema, path: Path) -> dict[str, str]:
    """Our name of each column that is there → the file's."""
    found = {
        ours: next((name for name in theirs if name in schema.names), None)
        for ours, theirs in _PARQUET_NAMES.items()
    }
    if found["image"] is None or found["label"] is None:
        raise DatasetError(
            f"{path}: expected the columns image and label, got {', '.join(schema.names)}"
        )
    return {ours: name for ours, name in found.items() if name is not None}


def _class_names(schema: pa.Schema, column: str) -> dict[Any, str]:
    """The names of a label's integers, where the `datasets` library has written them."""
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])
        return dict(enumerate(map(str, info["info"]["features"][column]["names"])))
    except (KeyError, TypeError, ValueError):
        return {}


def _parquet_sample(values: dict[str, Any], origin: Origin, maker: SampleMaker) -> Sample | Finding:
    image, row = values["image"], values["row"]
    content = image.get("bytes") if isinstance(image, dict) else image
    place = origin if row is None else replace(origin, row=row)
    sample = maker.make(decode(content), values["label"], place)
    if not isinstance(sample, Sample):
        return sample
    votes = tuple(values.get(f"fp_{name}") for name in VOTES)
    known = None not in votes and any(votes)
    return replace(sample, usage=values["usage"], fer_row=row, votes=votes if known else None)


class Votes:
    """The votes of FER+ (Barsoum et al., 2016), one row a row of `fer2013.csv`.

    Its column "Image name" counts pictures and not rows, so it is not looked at.

    Raises:
        DatasetError: the file cannot be read, or holds no numbers.
    """

    def __init__(self, path: Path) -> None:
        columns = csv_columns(path)
        rows = list(islice(_lines(path), 1, None))
        try:
            self._counts = np.array(
                [[int(row[columns[name.casefold()]]) for name in VOTES] for row in rows], np.uint8
            )
            self._splits = [split_named(row[columns["usage"]]) for row in rows]
        except (IndexError, OverflowError, ValueError) as error:
            raise DatasetError(
                f"{path}: expected ten counts of votes in every row: {error}"
            ) from error
        self._path = path

    def join(self, sample: Sample) -> Sample:
        """The same sample with its votes; as it was where its row in FER2013 is not known.

        Raises:
            DatasetError: that row is of another split, so the files do not belong together.
        """
        row = sample.fer_row
        if row is None:
            return sample
        split = split_named(sample.usage or "")
        ours = self._splits[row] if row < len(self._splits) else "nothing"
        if split is not None and ours != split:
            raise DatasetError(
                f"{sample.origin} is of the split {split}, but row {row} of {self._path} is of "
                f"{ours}: expected the votes of the same fer2013.csv, in its order"
            )
        return replace(sample, votes=tuple(self._counts[row].tolist()))
