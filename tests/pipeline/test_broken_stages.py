"""A stage that raises ends the run with its own error, and leaves no thread and no file."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from fer_core import analyse
from fer_core.classifiers.base import Classifier
from fer_core.config import ProcessConfig
from fer_core.detectors.base import Detector
from fer_core.engine import Engine
from fer_core.settings import load_config
from fer_core.types import ByteArray, Faces, FloatArray


class Failing(Exception):
    """What no part of the pipeline knows."""


class FailingDetector:
    """A detector whose second call fails."""

    batch_size = 4

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._calls = 0

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        self._calls += 1
        if self._calls == 2:
            raise Failing
        return self._detector.detect(images)

    def close(self) -> None:
        pass


class FailingClassifier:
    """A classifier whose second call fails."""

    batch_size = 4

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._calls = 0
        self.input_size = classifier.input_size

    def classify(self, crops: ByteArray) -> FloatArray:
        self._calls += 1
        if self._calls == 2:
            raise Failing
        return self._classifier.classify(crops)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("broken", ["detector", "classifier"])
@pytest.mark.parametrize("fps", ["5", "all"])
def test_its_error_comes_out_and_nothing_is_left(
    fps: str, broken: str, engine: Engine, sample_videos: list[Path], tmp_path: Path
) -> None:
    failing = (
        Engine(FailingDetector(engine.detector), engine.classifier, engine.ids)
        if broken == "detector"
        else Engine(engine.detector, FailingClassifier(engine.classifier), engine.ids)
    )
    config = load_config(ProcessConfig, overrides=[f"sample.fps={fps}", "device=cpu"])
    before = set(threading.enumerate())
    with pytest.raises(Failing):
        analyse(sample_videos[0], tmp_path / "out", failing, config)
    assert set(threading.enumerate()) <= before
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
