"""How a network runs: the one place that knows inference frameworks.

Keras runs the `.keras` file on a GPU, on the backend that `KERAS_BACKEND` names (TensorFlow, if
none is named). On a CPU OpenVINO runs the graph that `fer_core.export` made of that file: it was
the fastest that stays within 1e-3 of Keras (docs/runtime.md). Whoever holds a `Network` does not
see which. Frameworks are imported when the first network is loaded, not with this package.
"""

import threading
from pathlib import Path

from fer_core.cards import Card
from fer_core.runtime.base import Device, Network
from fer_core.runtime.batch_size import MOST, BatchSize, Shape, cpu_batch, fastest_batch
from fer_core.runtime.cuda import cuda_devices
from fer_core.runtime.precision import Precision, cpu_precision

__all__ = ["BatchSize", "Device", "Network", "Precision", "devices", "load_network"]


def load_network(
    card: Card,
    directory: Path,
    device: Device,
    batch_size: BatchSize,
    shape: Shape,
    precision: Precision = "float32",
) -> Network:
    """A model's network on a GPU or, where there is none, on the CPU.

    Args:
        card: of a model that `read_card` has checked.
        directory: where the model's files lie.
        device: "auto" takes a GPU where there is one; "cpu" looks for none.
        batch_size: most pictures a call of the framework. "auto" is fixed on a CPU; for a GPU
            sizes are tried, in seconds, once a process.
        shape: of the pictures that are to be expected.
        precision: what an exported graph computes in on a CPU; Keras computes in float32.

    Raises:
        ModelError: a file cannot be loaded.
        ConfigError: device is "gpu" and there is none, or no framework for it; the processor
            does not have that precision.
    """
    on_gpu = _finds_gpu(device)
    if on_gpu and batch_size == "auto":
        return _calibrated(card, directory, shape)
    max_batch = cpu_batch(shape) if batch_size == "auto" else batch_size
    if card.cpu and not on_gpu:
        from fer_core.runtime.openvino_network import OpenVinoNetwork

        graph = directory / card.cpu.graph
        return OpenVinoNetwork(graph, max_batch, cpu_precision(card, precision), shape)
    from fer_core.runtime.keras_network import KerasNetwork

    return KerasNetwork(directory / card.weights, "gpu" if on_gpu else "cpu", max_batch)


def _calibrated(card: Card, directory: Path, shape: Shape) -> Network:
    """A network on the GPU with the batch size at which it is fastest."""
    from fer_core.runtime.keras_network import KerasNetwork

    key = (card.sha256, shape)
    with _calibrating:
        network = KerasNetwork(directory / card.weights, "gpu", _found.get(key, MOST))
        if key not in _found:
            network.max_batch = _found[key] = fastest_batch(network, shape)
    return network


_found: dict[tuple[str, Shape], int] = {}
_calibrating = threading.Lock()


def devices() -> dict[str, str]:
    """What networks run on here by default, and which GPUs there are: for a bug report."""
    if not cuda_devices():
        return {"runtime": _cpu_runtime(), "gpu": "none"}
    from fer_core.runtime.keras_network import backend, gpus

    if found := gpus():
        return {"runtime": f"Keras on {backend()}", "gpu": ", ".join(found)}
    unused = f"{cuda_devices()}, but none that Keras on {backend()} can use (see the extra `gpu`)"
    return {"runtime": _cpu_runtime(), "gpu": unused}


def _cpu_runtime() -> str:
    from fer_core.runtime.openvino_network import version

    return f"OpenVINO {version()} on the CPU"


def _finds_gpu(device: Device) -> bool:
    """Whether Keras has a GPU. It is only asked, which takes seconds, if there can be one."""
    if device == "cpu" or (device == "auto" and not cuda_devices()):
        return False
    from fer_core.runtime.keras_network import gpus, require_gpu

    if device == "gpu":
        require_gpu()
    return bool(gpus())
