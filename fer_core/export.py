"""A published model's network as the graph that the CPU runs.

`python -m fer_core.export MODEL…` writes `cpu.xml` and `cpu.bin` into the directory of each
model (a name under `models/`, or a path), checks that they give what `model.keras` gives, and
enters them into the card. `fer publish` does the same. It needs TensorFlow, whose graphs
OpenVINO reads.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.cards import sha256_of
from fer_core.errors import ModelError
from fer_core.resources import model_dir
from fer_core.runtime.keras_network import KerasNetwork, backend, load_forward, trace
from fer_core.runtime.openvino_network import OpenVinoNetwork, import_openvino

GRAPH = "cpu.xml"
TOLERANCE = 1e-4
_FREE_SIDE = 96  # of test pictures, where the network takes any; a multiple of 32


def export(model: str | Path) -> None:
    """Writes a model's graph for the CPU and enters it into its card.

    Args:
        model: name of a directory under `models/`, or a path to one.

    Raises:
        ModelError: no such model, its weights cannot be converted, or the graph's outputs
            differ from those of Keras by more than `TOLERANCE`. The directory is then as before.
    """
    directory = model_dir(model)
    if backend() == "tensorflow":
        _export(directory)
    else:
        _export_in_tensorflow(directory)


def _export(directory: Path) -> None:
    card = json.loads((directory / "card.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / GRAPH
        shape = _convert(directory / card["weights"], graph)
        _compare(directory / card["weights"], graph, shape)
        files = [graph, graph.with_suffix(".bin")]
        former = card.get("cpu") or {}
        card["cpu"] = {
            "graph": GRAPH,
            "sha256": {file.name: sha256_of(file) for file in files},
            "made_from": card["sha256"],
            # What `fer publish` measured holds as long as the weights are the same.
            "bfloat16": former.get("made_from") == card["sha256"] and former.get("bfloat16", False),
        }
        for file in files:
            with atomic_file(directory / file.name) as temporary:
                temporary.write_bytes(file.read_bytes())
    with atomic_file(directory / "card.json") as temporary:
        temporary.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _convert(weights: Path, graph: Path) -> tuple[int | None, ...]:
    """Writes the graph in full precision; returns the shape of the network's batches."""
    openvino = import_openvino()
    forward, shape = load_forward(weights)
    try:
        model: Any = openvino.convert_model(trace(forward, shape).get_concrete_function())
    except Exception as error:  # OpenVINO's have no base of their own
        raise ModelError(f"OpenVINO cannot convert {weights}: {error}") from error
    openvino.save_model(model, graph, compress_to_fp16=False)
    return shape


def _compare(weights: Path, graph: Path, shape: tuple[int | None, ...]) -> None:
    sides = [side or _FREE_SIDE for side in shape[1:]]
    batch = np.random.default_rng(0).integers(0, 256, (5, *sides), dtype=np.uint8)
    expected = KerasNetwork(weights, "cpu", len(batch))(batch)
    found = OpenVinoNetwork(graph, len(batch))(batch)
    error = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
    if not error <= TOLERANCE:
        raise ModelError(f"{weights}: on the CPU outputs differ by {error:.2g} from those of Keras")


def _export_in_tensorflow(directory: Path) -> None:
    """Exports in a process of its own: Keras cannot change its backend."""
    done = subprocess.run(
        [sys.executable, "-m", "fer_core.export", directory],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ModelError(f"cannot export {directory} for the CPU: {done.stderr.strip()}")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        export(name)
