"""Which runtime a model gets, and what `fer process` loads for it."""

import ctypes
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_core import runtime
from fer_core.cards import read_card
from fer_core.errors import ConfigError, ModelError
from fer_core.resources import resource_dir
from fer_core.runtime import Device, Network, load_network
from fer_core.runtime.cuda import cuda_devices
from fer_core.runtime.keras_network import KerasNetwork
from fer_core.runtime.openvino_network import OpenVinoNetwork
from tests.cli.command import environment

FRAMEWORKS = "tensorflow keras torch jax openvino_telemetry".split()


def load(directory: Path, device: Device = "auto") -> Network:
    card, weights = read_card(directory, "classifier")
    return load_network(card, weights.parent, device, 8, (48, 48, 1))


@pytest.fixture
def model(exported: dict[str, Path], tmp_path: Path) -> Path:
    """A classifier of the test's own."""
    return shutil.copytree(exported["fer-cnn"], tmp_path / "own")


def change_card(model: Path, **values: object) -> None:
    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps(card | values))


def test_the_shipped_models_run_on_openvino_on_a_cpu() -> None:
    for card in resource_dir("models").glob("*/card.json"):
        kind = json.loads(card.read_text())["kind"]
        assert read_card(card.parent, kind)[0].cpu, f"run python -m fer_core.export {card.parent}"


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_gpu_the_exported_graph_runs(
    model: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "cuda_devices", lambda: 0)
    assert isinstance(load(model, device), OpenVinoNetwork)


def test_a_model_that_was_never_exported_runs_in_keras(model: Path) -> None:
    change_card(model, cpu=None)
    assert isinstance(load(model, "cpu"), KerasNetwork)


def test_a_gpu_that_keras_cannot_use_is_left_alone(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "cuda_devices", lambda: 1)
    monkeypatch.setattr(runtime.keras_network, "gpus", list)
    assert isinstance(load(model), OpenVinoNetwork)
    assert "none that Keras on tensorflow can use" in runtime.devices()["gpu"]
    with pytest.raises(ConfigError, match="expected a GPU"):
        load(model, "gpu")


def test_a_gpu_is_asked_for_by_keras_networks(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(runtime, "cuda_devices", lambda: 1)
    monkeypatch.setattr(runtime.keras_network, "gpus", lambda: ["gpu:0"])
    monkeypatch.setattr(
        runtime.keras_network, "KerasNetwork", lambda weights, device, most: asked.append(device)
    )
    load(model)
    load(model, "gpu")
    assert asked == ["gpu", "gpu"]
    assert runtime.devices()["runtime"] == "Keras on tensorflow"


class FakeDriver(SimpleNamespace):
    """NVIDIA's driver, as far as it is asked: how many devices, and whether it works."""

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return self.error

    def cuDeviceGetCount(self, count: "ctypes._CArgObject") -> int:  # noqa: N802
        ctypes.cast(count, ctypes.POINTER(ctypes.c_int))[0] = self.count
        return 0


@pytest.mark.parametrize(("count", "error", "found"), [(2, 0, 2), (0, 0, 0), (1, 100, 0)])
def test_gpus_are_counted_by_the_driver(
    count: int, error: int, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = FakeDriver(count=count, error=error)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    assert cuda_devices() == found


def test_without_a_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert cuda_devices() == 0


@pytest.mark.parametrize("name", ["cpu.xml", "cpu.bin"])
def test_an_export_that_is_missing_or_damaged_is_named(model: Path, name: str) -> None:
    whole = (model / name).read_bytes()
    (model / name).write_bytes(whole[:-1])
    with pytest.raises(ModelError, match=f"{name} has sha256"):
        load(model, "cpu")
    (model / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load(model, "cpu")


def test_an_export_of_other_weights_is_refused(model: Path) -> None:
    cpu = json.loads((model / "card.json").read_text())["cpu"]
    change_card(model, cpu={**cpu, "made_from": "0" * 64})
    with pytest.raises(ModelError, match="made from other weights"):
        load(model, "cpu")


def test_an_analysis_loads_no_other_framework(
    exported: dict[str, Path], sample_videos: list[Path], tmp_path: Path
) -> None:
    """It is what the worker process of `fer process` does; the command itself loads no network."""
    code = (
        "import sys\n"
        "from fer_core import analyse\n"
        "from fer_core.config import ProcessConfig\n"
        "from fer_core.settings import load_config\n"
        "video, out, *settings = sys.argv[1:]\n"
        "print(analyse(video, out, config=load_config(ProcessConfig, None, settings)).status)\n"
        "modules = sys.modules\n"
        f"print(*[name for name in {FRAMEWORKS} if modules.get(name)], 'openvino' in modules)"
    )
    settings = ["sample.fps=2", "device=cpu", f"classify.model={exported['fer-cnn']}"]
    result = subprocess.run(
        [sys.executable, "-c", code, sample_videos[0], tmp_path / "out", *settings],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["ok", "True"]
