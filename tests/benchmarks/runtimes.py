"""Speed of both networks in each runtime, side by side: the tables in docs/runtime.md.

Both models have to be exported (`python -m fer_core.export yunet fer-cnn`). Files that an
argument names, as `yunet.onnx` and `fer-cnn.onnx` in a directory, are measured in ONNX Runtime
too; tf2onnx makes them of the functions that `fer_core.runtime.keras_network.trace` returns.

    python -m tests.benchmarks.runtimes [DIR]
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_core.resources import model_dir
from fer_core.runtime.keras_network import KerasNetwork
from fer_core.runtime.openvino_network import OpenVinoNetwork
from fer_core.types import ByteArray

ROUNDS, SECONDS = 5, 0.5
CASES = {
    "yunet": [(n, 384, 640, 3) for n in (1, 4, 16)],
    "fer-cnn": [(n, 48, 48, 1) for n in (1, 8, 64, 256)],
}
Run = Callable[[ByteArray], object]


def runtimes(model: str, most: int, onnx: Path | None) -> dict[str, Run]:
    """What is compared, by name."""
    directory = model_dir(model)
    compared: dict[str, Run] = {
        "TensorFlow": KerasNetwork(directory / "model.keras", "cpu", most),
        "OpenVINO": OpenVinoNetwork(directory / "cpu.xml", most),
    }
    if onnx:
        import onnxruntime

        session = onnxruntime.InferenceSession(onnx / f"{model}.onnx")
        name = session.get_inputs()[0].name
        compared["ONNX Runtime"] = lambda batch: session.run(None, {name: batch})
    return compared


def pictures_a_second(run: Run, batch: ByteArray) -> tuple[float, float]:
    """Pictures a second of wall-clock time, and a second of processor time."""
    calls, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SECONDS:
        run(batch)
        calls += 1
    pictures = calls * len(batch)
    return pictures / (time.perf_counter() - wall), pictures / (time.process_time() - cpu)


def main(onnx: Path | None) -> None:
    for model, shapes in CASES.items():
        compared = runtimes(model, max(shapes)[0], onnx)
        for shape in shapes:
            batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
            speeds: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
            for round_ in range(ROUNDS + 1):  # the first one warms up
                for name, run in compared.items():
                    speed = pictures_a_second(run, batch)
                    if round_:
                        speeds[name].append(speed)
            columns = (
                f"{name} {statistics.median(wall):.0f} ({statistics.median(cpu):.0f})"
                for name, values in speeds.items()
                for wall, cpu in [zip(*values, strict=True)]
            )
            print(model, shape, *columns, sep=" | ")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
