"""On what a run ran: for model cards, and to tell two runs apart."""

import importlib
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fer_core.doctor import processor
from fer_core.errors import ConfigError
from fer_core.training.backend import keras

_DISTRIBUTIONS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def describe_environment() -> dict[str, Any]:
    """Backend, versions, machine and the commit of the code; nothing that names a person."""
    backend = keras.backend.backend()
    facts: dict[str, Any] = {"keras": keras.__version__, "backend": backend}
    if backend in _DISTRIBUTIONS:
        facts[backend] = version(_DISTRIBUTIONS[backend])
    return facts | {
        "machine": f"{os.cpu_count()} × {processor()}",
        "gpu": len(accelerators()),
        "commit": _commit(),
    }


def accelerators() -> list[str]:
    """Names of the devices besides the processor that the backend computes on."""
    if keras.backend.backend() == "torch":
        torch: Any = importlib.import_module("torch")
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]


def share_devices(batch_size: int) -> None:
    """Lets several devices share each batch, where Keras can do that: on JAX.

    Raises:
        ConfigError: the batches cannot be shared equally.
    """
    if keras.backend.backend() != "jax":
        return
    devices = len(keras.distribution.list_devices())
    if batch_size % devices:
        raise ConfigError(
            f"batch_size: expected a multiple of {devices}, as {devices} devices share each "
            f"batch, got {batch_size}"
        )
    if devices > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())


def _commit() -> str | None:
    """The checkout's commit; None in an installed package, or without git."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
