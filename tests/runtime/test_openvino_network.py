"""What runs on the CPU gives what Keras gives, for any batch and from any thread."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer_core.classifiers.keras_cnn import softmax
from fer_core.detectors.yunet import YuNet
from fer_core.errors import ModelError
from fer_core.runtime.keras_network import KerasNetwork
from fer_core.runtime.openvino_network import OpenVinoNetwork
from fer_core.types import ByteArray
from tests.cli.command import environment

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def classifier(exported: dict[str, Path]) -> OpenVinoNetwork:
    return OpenVinoNetwork(exported["fer-cnn"] / "cpu.xml", 64)


@pytest.fixture(scope="module")
def detector(exported: dict[str, Path]) -> OpenVinoNetwork:
    return OpenVinoNetwork(exported["yunet"] / "cpu.xml", 16)


def test_boxes_are_those_of_keras(
    exported: dict[str, Path], detector: OpenVinoNetwork, portrait: ByteArray
) -> None:
    keras = YuNet(KerasNetwork(exported["yunet"] / "model.keras", "cpu", 16), 0.6, 0.3)
    small = portrait[::2, ::2]
    pictures = [portrait, small, np.hstack([small, small[:, ::-1], small]), portrait[:250, 100:]]
    found = YuNet(detector, 0.6, 0.3).detect(pictures)
    assert [len(faces) for faces in found] == [1, 1, 3, 1]
    for faces, expected in zip(found, keras.detect(pictures), strict=True):
        np.testing.assert_allclose(faces.boxes, expected.boxes, atol=1e-3)
        np.testing.assert_allclose(faces.landmarks, expected.landmarks, atol=1e-3)
        np.testing.assert_allclose(faces.scores, expected.scores, atol=1e-3)


def test_probabilities_are_those_of_keras(
    exported: dict[str, Path], classifier: OpenVinoNetwork, crops: ByteArray
) -> None:
    keras = KerasNetwork(exported["fer-cnn"] / "model.keras", "cpu", 64)
    # Half the usual temperature, which makes differences larger.
    found, expected = (softmax(network(crops)[0] * 2) for network in (classifier, keras))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("max_batch", [1, 3, 64])
def test_a_batch_of_any_size_gives_what_single_crops_give(
    exported: dict[str, Path], crops: ByteArray, max_batch: int
) -> None:
    network = OpenVinoNetwork(exported["fer-cnn"] / "cpu.xml", max_batch)
    alone = np.concatenate([network(crop[np.newaxis])[0] for crop in crops])
    for size in (1, 2, 3, 5, 7, 8, 16, 33, 40):
        np.testing.assert_allclose(network(crops[:size])[0], alone[:size], atol=1e-4)


def test_more_crops_than_streams_can_hold(classifier: OpenVinoNetwork, crops: ByteArray) -> None:
    many = np.concatenate([crops] * 20)
    found = classifier(many)[0]
    np.testing.assert_allclose(found, np.tile(classifier(crops)[0], (20, 1)), atol=1e-4)


def test_many_threads_with_many_shapes_do_not_mix(
    detector: OpenVinoNetwork, portrait: ByteArray
) -> None:
    batches = [
        np.stack([portrait[top : top + 32 * rows, :320] for top in range(0, 32 * count, 32)])
        for rows in (2, 5, 8)
        for count in (1, 3, 6)
    ]
    expected = [detector(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [detector(batch) for batch in batches], range(24)):
            for outputs, reference in zip(found, expected, strict=True):
                for output, good in zip(outputs, reference, strict=True):
                    np.testing.assert_allclose(output, good, atol=1e-4)


def test_a_shape_that_is_met_often_gives_what_it_gave_before(
    exported: dict[str, Path], portrait: ByteArray
) -> None:
    network = OpenVinoNetwork(exported["yunet"] / "cpu.xml", 16)
    picture = portrait[np.newaxis, :320, :320]
    first = network(picture)
    for _ in range(40):
        for found, expected in zip(network(picture), first, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_usual_shape_gives_what_any_shape_gives(
    exported: dict[str, Path], detector: OpenVinoNetwork, portrait: ByteArray
) -> None:
    batch = portrait[np.newaxis, :320, :320]
    usual = OpenVinoNetwork(exported["yunet"] / "cpu.xml", 16, usual=(320, 320, 3))
    for pictures in (batch, batch[:, :160]):
        for found, expected in zip(usual(pictures), detector(pictures), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_batch_that_is_not_contiguous(classifier: OpenVinoNetwork, crops: ByteArray) -> None:
    np.testing.assert_allclose(
        classifier(crops[::-2])[0], classifier(crops[::-2].copy())[0], atol=1e-6
    )


def test_a_call_that_fails_leaves_the_network_usable(
    classifier: OpenVinoNetwork, crops: ByteArray
) -> None:
    for _ in range(5):
        with pytest.raises(RuntimeError):
            classifier(np.zeros((4, 47, 48, 1), np.uint8))
    assert classifier(crops)[0].shape == (40, 7)


@pytest.mark.parametrize("text", ["", "<net></net>", "no graph at all"])
def test_a_file_that_is_no_graph_is_named(tmp_path: Path, text: str) -> None:
    graph = tmp_path / "cpu.xml"
    graph.write_text(text)
    with pytest.raises(ModelError, match=r"cannot load .*cpu\.xml"):
        OpenVinoNetwork(graph, 1)


def test_threads_may_be_the_first_to_call_at_the_same_moment(exported: dict[str, Path]) -> None:
    code = (
        "import sys, threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from fer_core.runtime.openvino_network import OpenVinoNetwork\n"
        "network = OpenVinoNetwork(Path(sys.argv[1]), 16, usual=(64, 64, 3))\n"
        "together = threading.Barrier(8)\n"
        "def call(index):\n"
        "    together.wait()\n"
        "    return len(network(np.zeros((2, 64, 64, 3), np.uint8)))\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(*pool.map(call, range(8)))"
    )
    command = [sys.executable, "-c", code, exported["yunet"] / "cpu.xml"]
    result = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=True, timeout=250
    )
    assert result.stdout.split() == ["3"] * 8


def test_its_use_is_reported_to_nobody(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from fer_core.runtime.openvino_network import import_openvino\n"
        "import_openvino().convert_model\n"
        "print(sys.modules['openvino_telemetry'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "None\n"
    assert not list(tmp_path.iterdir()), "where it would keep its user's number"
