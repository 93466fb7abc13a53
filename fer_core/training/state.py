"""Checkpoints of a run: all variables as numpy arrays in one file, whole or not there."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.errors import TrainingError
from fer_core.training.backend import ops


def save_state(file: Path, variables: list[Any], facts: dict[str, Any]) -> None:
    """Writes variables and JSON-able facts; a crash leaves the former file as it was."""
    arrays: dict[str, Any] = {f"v{i:04d}": ops.convert_to_numpy(v) for i, v in enumerate(variables)}
    try:
        with atomic_file(file) as temporary:
            np.savez(temporary, facts=np.array(json.dumps(facts)), **arrays)
    except OSError as error:
        raise TrainingError(f"cannot write {file}: {error}; the last checkpoint is kept") from error


def load_facts(file: Path) -> dict[str, Any]:
    """The facts of a checkpoint.

    Raises:
        TrainingError: the file is missing or damaged.
    """
    try:
        with np.load(file) as arrays:
            return json.loads(str(arrays["facts"]))
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"cannot read the checkpoint {file}: {error}") from error


def load_state(file: Path, variables: list[Any]) -> None:
    """Sets the variables from a checkpoint of the same model and optimiser.

    Raises:
        TrainingError: the file is missing, damaged, or of other variables.
    """
    try:
        with np.load(file) as arrays:
            values = [arrays[name] for name in sorted(arrays.files) if name != "facts"]
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read the checkpoint {file}: {error}") from error
    shapes = [tuple(v.shape) for v in variables]
    if [v.shape for v in values] != shapes:
        raise TrainingError(f"{file} was made by another network or optimiser; start a new run")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
