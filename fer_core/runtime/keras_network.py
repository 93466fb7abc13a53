"""Networks run by Keras, on the backend that `KERAS_BACKEND` names."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer_core.errors import ConfigError, ModelError
from fer_core.types import ByteArray, FloatArray

Forward = Callable[[Any], list[Any]]
Shape = tuple[int | None, ...]


class KerasNetwork:
    """A `.keras` file run by Keras.

    Batches are filled up with zeros to a power of two, and larger ones than `max_batch` are
    cut, so that a compiled function meets a few sizes only and need not be traced again. If a
    batch does not fit into the memory, `max_batch` is halved for good and it is tried again.

    Args:
        weights: the `.keras` file; it is loaded in safe mode (no code from the file runs).
        device: where it runs; there has to be one.
        max_batch: most pictures a call of the framework.

    Raises:
        ModelError: the file cannot be loaded.
    """

    def __init__(self, weights: Path, device: Literal["cpu", "gpu"], max_batch: int) -> None:
        # Of "cpu:0" Keras would make copies on PyTorch that are no parameters any more.
        self._on_device = partial(import_keras().device, "gpu:0" if device == "gpu" else "cpu")
        self.max_batch = max_batch
        with self._on_device():
            self._forward = _COMPILERS[backend()](*load_forward(weights))

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        pieces: list[list[FloatArray]] = []
        start = 0
        while start < len(batch):
            size = self.max_batch
            try:
                pieces.append(self._run(batch[start : start + size], size))
                start += size
            except Exception as error:
                if size == 1 or not _OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"):
                    raise
                self.max_batch = min(self.max_batch, size // 2)
        return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]

    def _run(self, batch: ByteArray, most: int) -> list[FloatArray]:
        n = len(batch)
        size = min(1 << (n - 1).bit_length(), most)
        padding = [(0, size - n)] + [(0, 0)] * (batch.ndim - 1)
        with self._on_device():
            outputs = self._forward(np.pad(batch, padding) if size > n else batch)
            return [import_keras().ops.convert_to_numpy(output)[:n] for output in outputs]


# TensorFlow, JAX, PyTorch and Python each have their own exception for it.
_OUT_OF_MEMORY = re.compile("ResourceExhausted|RESOURCE_EXHAUSTED|OutOfMemory|MemoryError")


def backend() -> str:
    """What Keras computes with: "tensorflow", "jax" or "torch"."""
    return import_keras().backend.backend()


def gpus() -> list[str]:
    """The GPUs that Keras can use, as `gpu:0`."""
    keras = import_keras()
    if backend() == "torch":  # for which Keras cannot tell
        import torch  # pyright: ignore[reportMissingImports]

        return [f"gpu:{index}" for index in range(torch.cuda.device_count())]
    try:
        return [str(name) for name in keras.distribution.list_devices("gpu")]
    except RuntimeError:  # JAX without a GPU
        return []


def require_gpu() -> None:
    """Checks that Keras can use a GPU.

    Raises:
        ConfigError: it finds none.
    """
    if not gpus():
        raise ConfigError(
            f"device: expected a GPU, but Keras on {backend()} finds none; "
            "use --device auto, or install the extra `gpu` with a driver"
        )


@cache
def import_keras() -> Any:
    """Keras with its backend, which takes seconds the first time.

    Raises:
        ConfigError: the backend is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _without_greetings():
            import keras
    except ImportError as error:
        raise ConfigError(
            f"Keras cannot be loaded ({error}); KERAS_BACKEND says what it runs on: "
            "tensorflow, jax or torch"
        ) from error
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


def load_forward(weights: Path) -> tuple[Forward, Shape]:
    """A network as a function, from a uint8 batch to the backend's tensors, not yet compiled.

    Returns:
        The function, and the shape of its batches.

    Raises:
        ModelError: the file cannot be loaded.
    """
    keras = import_keras()
    try:
        model = keras.saving.load_model(weights, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"cannot load {weights}: {error}") from error

    def forward(batch: Any) -> list[Any]:
        outputs = model(keras.ops.cast(batch, "float32"), training=False)
        return list(outputs) if isinstance(outputs, list | tuple) else [outputs]

    return forward, model.inputs[0].shape


def trace(forward: Forward, shape: Shape) -> Any:
    """The function as a graph of TensorFlow's, which takes all sizes without being traced again."""
    import tensorflow as tf

    return tf.function(forward, input_signature=[tf.TensorSpec(shape, tf.uint8)])


def _jit(forward: Forward, shape: Shape) -> Forward:
    import jax  # pyright: ignore[reportMissingImports]

    return jax.jit(forward)


def _without_gradients(forward: Forward, shape: Shape) -> Forward:
    import torch  # pyright: ignore[reportMissingImports]

    return torch.no_grad()(forward)


_COMPILERS = {"tensorflow": trace, "jax": _jit, "torch": _without_gradients}
