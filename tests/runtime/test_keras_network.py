"""Networks in Keras: a batch too large for the memory is halved, other errors are not hidden."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_core.errors import ModelError
from fer_core.resources import model_dir
from fer_core.runtime.keras_network import KerasNetwork
from fer_core.types import ByteArray
from tests.cli.command import environment

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch's."""


class Memory:
    """Stands before a network's function and has room for `room` pictures a call."""

    def __init__(self, network: KerasNetwork, room: int, error: Exception) -> None:
        self._forward = network._forward
        self._room = room
        self._error = error
        self.sizes: list[int] = []

    def __call__(self, batch: ByteArray) -> object:
        self.sizes.append(len(batch))
        if len(batch) > self._room:
            raise self._error
        return self._forward(batch)


@pytest.fixture
def network() -> KerasNetwork:
    return KerasNetwork(model_dir("fer-cnn") / "model.keras", "cpu", 16)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ResourceExhaustedError("failed to allocate memory"),
        OutOfMemoryError("CUDA out of memory"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_batch_too_large_for_the_memory_is_halved(
    network: KerasNetwork, crops: ByteArray, error: Exception
) -> None:
    expected = network(crops)[0]
    network._forward = memory = Memory(network, 5, error)
    np.testing.assert_allclose(network(crops)[0], expected, atol=1e-5)
    assert memory.sizes == [16, 8, *[4] * 10]
    memory.sizes.clear()
    network(crops[:16])
    assert memory.sizes == [4] * 4, "what did not fit once is not tried again"


def test_a_single_picture_that_does_not_fit_is_an_error(
    network: KerasNetwork, crops: ByteArray
) -> None:
    network._forward = Memory(network, 0, MemoryError("no room"))
    with pytest.raises(MemoryError, match="no room"):
        network(crops)


def test_other_errors_are_raised_at_once(network: KerasNetwork, crops: ByteArray) -> None:
    network._forward = memory = Memory(network, 5, ValueError("a wrong shape"))
    with pytest.raises(ValueError, match="a wrong shape"):
        network(crops)
    assert memory.sizes == [16]


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_text("no model")
    with pytest.raises(ModelError, match=r"cannot load .*model\.keras"):
        KerasNetwork(tmp_path / "model.keras", "cpu", 1)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_backend_runs_the_same_networks_without_tensorflow(
    exported: dict[str, Path], crops: ByteArray, tmp_path: Path, backend: str
) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}, which is no dependency")
    np.save(tmp_path / "crops.npy", crops)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from fer_core.runtime.keras_network import KerasNetwork, gpus\n"
        "weights, crops = map(Path, sys.argv[1:])\n"
        "np.save(crops, KerasNetwork(weights, 'cpu', 16)(np.load(crops))[0])\n"
        "gpus()\n"
        "print('tensorflow' in sys.modules)"
    )
    weights = exported["fer-cnn"] / "model.keras"
    result = subprocess.run(
        [sys.executable, "-c", code, weights, tmp_path / "crops.npy"],
        env=environment(KERAS_BACKEND=backend),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "False\n"), result.stderr
    expected = KerasNetwork(weights, "cpu", 16)(crops)[0]
    np.testing.assert_allclose(np.load(tmp_path / "crops.npy"), expected, atol=1e-4)
