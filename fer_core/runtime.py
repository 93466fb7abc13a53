"""How a network runs: the one place that knows a deep-learning framework at inference.

Today that is Keras, on TensorFlow unless `KERAS_BACKEND` says otherwise. Whoever holds a
`Network` does not see which; another runtime is another subclass. Frameworks are imported when
the first network is loaded, not with this module.
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from fer_core.errors import ConfigError, ModelError
from fer_core.types import ByteArray, FloatArray

Device = Literal["auto", "cpu", "gpu"]


class Network(Protocol):
    """A network with its weights on a device. Safe to call from several threads."""

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        """All outputs for a batch.

        Args:
            batch: (n, height, width, channels) uint8, any n ≥ 1.
        """
        ...


class KerasNetwork:
    """A `.keras` file run by Keras.

    Batches are filled up with zeros to a power of two, and larger ones than `max_batch` are
    cut, so that a compiled function meets a few sizes only and need not be traced again.

    Args:
        weights: the `.keras` file; it is loaded in safe mode (no code from the file runs).
        device: "auto" takes a GPU where there is one.
        max_batch: most pictures a call of the framework.

    Raises:
        ModelError: the file cannot be loaded.
        ConfigError: device is "gpu" and there is none.
    """

    def __init__(self, weights: Path, device: Device, max_batch: int) -> None:
        keras = _import_keras()
        self._on_device = partial(keras.device, _device_name(keras, device))
        self._max_batch = max_batch
        with self._on_device():
            try:
                model = keras.saving.load_model(weights, compile=False, safe_mode=True)
            except (OSError, ValueError, TypeError) as error:
                raise ModelError(f"cannot load {weights}: {error}") from error
            self._forward = _compiled(keras, model)

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        pieces = [
            self._run(batch[start : start + self._max_batch])
            for start in range(0, len(batch), self._max_batch)
        ]
        return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]

    def _run(self, batch: ByteArray) -> list[FloatArray]:
        n = len(batch)
        size = min(1 << (n - 1).bit_length(), self._max_batch)
        padding = [(0, size - n)] + [(0, 0)] * (batch.ndim - 1)
        with self._on_device():
            outputs = self._forward(np.pad(batch, padding) if size > n else batch)
        return [output[:n] for output in outputs]


def _import_keras() -> Any:
    """Keras and its backend, imported without their greetings on stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _without_greetings():
        import keras

        keras.backend.backend()
    return keras


@contextmanager
def _without_greetings() -> Iterator[None]:
    """Keeps TensorFlow's lines on its build and on missing GPUs off stderr.

    It writes them from C++ before any of its log levels apply, so the descriptor itself has to
    be turned aside; all other lines are passed on.
    """
    with tempfile.TemporaryFile() as aside:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            aside.seek(0)
            lines = [line for line in aside.read().splitlines(True) if not _GREETING.match(line)]
            sys.stderr.write(b"".join(lines).decode(errors="replace"))


_GREETING = re.compile(rb"I\d{4} |WARNING: All log messages before absl|\s*$")


def devices() -> dict[str, str]:
    """What networks could run on here, and by which framework: for a bug report."""
    keras = _import_keras()
    return {"backend": keras.backend.backend(), "gpu": ", ".join(_gpus(keras)) or "none"}


def _gpus(keras: Any) -> list[str]:
    if keras.backend.backend() == "torch":  # for which Keras cannot tell
        import torch  # pyright: ignore[reportMissingImports]

        return [f"gpu:{index}" for index in range(torch.cuda.device_count())]
    return [str(name) for name in keras.distribution.list_devices("gpu")]


def _device_name(keras: Any, device: Device) -> str:
    has_gpu = device != "cpu" and bool(_gpus(keras))
    if device == "gpu" and not has_gpu:
        raise ConfigError(
            f"device: expected a GPU, but Keras on {keras.backend.backend()} finds none; "
            "use --device auto, or install the extra `gpu` with a driver"
        )
    return "gpu:0" if has_gpu else "cpu:0"


def _compiled(keras: Any, model: Any) -> Callable[[ByteArray], list[FloatArray]]:
    """The model as a function from a uint8 batch to numpy outputs."""

    def forward(batch: Any) -> list[Any]:
        outputs = model(keras.ops.cast(batch, "float32"), training=False)
        return list(outputs) if isinstance(outputs, list | tuple) else [outputs]

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        shape = model.inputs[0].shape
        forward = tf.function(forward, input_signature=[tf.TensorSpec(shape, tf.uint8)])
    return lambda batch: [keras.ops.convert_to_numpy(output) for output in forward(batch)]
