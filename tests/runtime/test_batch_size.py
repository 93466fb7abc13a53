"""How many pictures a call: found by trying on a GPU, fixed on a CPU."""

import os
from pathlib import Path

import numpy as np
import pytest

from fer_core import runtime
from fer_core.cards import read_card
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig, DetectConfig
from fer_core.detectors.yunet import YuNet
from fer_core.runtime.batch_size import fastest_batch
from fer_core.runtime.keras_network import KerasNetwork
from fer_core.types import ByteArray, FloatArray

SHAPE = (48, 48, 1)


class Device:
    """A device with a clock of its own, which a call moves on by what it would take.

    Args:
        lanes: this many pictures take no longer than one.
        room: this many fit into the memory.
    """

    def __init__(self, lanes: int, room: int = 512) -> None:
        self.lanes, self.room, self.max_batch, self.now_s = lanes, room, 512, 0.0

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        self.max_batch = min(self.max_batch, self.room)
        self.now_s += 0.001 * -(-len(batch) // self.lanes)
        return []

    def clock(self) -> float:
        return self.now_s


@pytest.mark.parametrize("lanes", [1, 2, 32, 256, 512])
def test_batches_grow_as_long_as_that_is_faster(lanes: int) -> None:
    device = Device(lanes)
    assert fastest_batch(device, SHAPE, 10.0, device.clock) == lanes


def test_batches_grow_no_further_than_the_memory() -> None:
    device = Device(lanes=256, room=64)
    assert fastest_batch(device, SHAPE, 10.0, device.clock) == 64


def test_batches_grow_no_longer_than_there_is_time() -> None:
    device = Device(lanes=256)
    assert fastest_batch(device, SHAPE, 0.01, device.clock) == 4  # four calls a size, 1 ms each


def test_a_gpu_is_tried_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Keras' CPU, which stands for the GPU."""
    tried: list[tuple[int, ...]] = []

    def try_it(network: KerasNetwork, shape: tuple[int, int, int]) -> int:
        tried.append(shape)
        return fastest_batch(network, shape, 0.5)

    def on_cpu(weights: Path, device: str, most: int) -> KerasNetwork:
        return KerasNetwork(weights, "cpu", most)

    monkeypatch.setattr(runtime, "_finds_gpu", lambda device: True)
    monkeypatch.setattr(runtime, "_found", {})
    monkeypatch.setattr(runtime, "fastest_batch", try_it)
    monkeypatch.setattr("fer_core.runtime.keras_network.KerasNetwork", on_cpu)
    card, weights = read_card("fer-cnn", "classifier")
    first, second = (
        runtime.load_network(card, weights.parent, "auto", "auto", SHAPE) for _ in range(2)
    )
    assert tried == [SHAPE]
    assert first.max_batch == second.max_batch <= 512
    assert np.log2(first.max_batch).is_integer()
    assert first(np.zeros((5, *SHAPE), np.uint8))[0].shape == (5, 7)


def test_on_a_cpu_two_frames_and_32_crops_a_core() -> None:
    cores = len(os.sched_getaffinity(0))
    assert YuNet.load(DetectConfig(), "cpu").batch_size == 2 * cores
    assert KerasClassifier.load(ClassifyConfig(), "cpu").batch_size == 32 * cores


def test_a_number_is_taken_as_it_is() -> None:
    assert YuNet.load(DetectConfig(batch_size=7), "cpu").batch_size == 7
