"""Checkpoints of a run: all variables as numpy arrays in one file, whole or not there."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.errors import TrainingError

_FACTS = "facts"


def save_state(file: Path, variables: list[Any], facts: dict[str, Any]) -> None:
    """Writes variables and JSON-able facts; a crash leaves the former file as it was.

    Raises:
        TrainingError: the disk is full, or the file cannot be written.
    """
    arrays: dict[str, Any] = {f"v{i:04d}": v.numpy() for i, v in enumerate(variables)}
    arrays[_FACTS] = np.array(json.dumps(facts))
    try:
        with atomic_file(file) as temporary:
            np.savez(temporary, **arrays)
    except OSError as error:
        raise TrainingError(
            f"cannot write {file}: {error}; the checkpoint before it is kept: make room and "
            "go on with --resume"
        ) from error


def load_facts(file: Path) -> dict[str, Any]:
    """The facts of a checkpoint.

    Raises:
        TrainingError: the file is missing or damaged.
    """
    with _opened(file) as arrays:
        return json.loads(str(arrays[_FACTS]))


def load_state(file: Path, variables: list[Any]) -> None:
    """Sets the variables from a checkpoint of the same network and optimiser.

    Raises:
        TrainingError: the file is missing, damaged, or of other variables.
    """
    with _opened(file) as arrays:
        values = [arrays[name] for name in sorted(arrays) if name != _FACTS]
    if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"{file} was made by another network or optimiser; start a new run")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        with file.open("rb") as stream, np.load(stream) as arrays:
            yield arrays
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"cannot read the checkpoint {file}: {error}; remove it to begin anew"
        ) from error
