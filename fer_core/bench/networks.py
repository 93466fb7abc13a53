"""Pictures a second of both networks, by size of the batch."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_core.bench.job import Job, Outcome
from fer_core.config import ClassifyConfig, DetectConfig

SIZES = tuple(2**power for power in range(10))
_ROUNDS, _SECONDS = 3, 0.3
_PICTURE, _CROP = (360, 640, 3), (48, 48)


def networks(job: Job, scratch: Path) -> Outcome:
    """Both networks alone, on noise: what a picture shows does not change how long it takes."""
    from fer_core.bench.work import Stopwatch
    from fer_core.classifiers.keras_cnn import KerasClassifier
    from fer_core.detectors.yunet import YuNet

    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, _PICTURE, np.uint8)] * SIZES[-1]
    crops = random.integers(0, 256, (SIZES[-1], *_CROP), np.uint8)
    detector = YuNet.load(DetectConfig(batch_size=SIZES[-1]))
    classifier = KerasClassifier.load(ClassifyConfig(batch_size=SIZES[-1]))
    watch = Stopwatch()
    figures: dict[str, float] = {}
    for n in SIZES:
        figures[f"detector {n}"] = n * _calls_a_second(lambda n=n: detector.detect(pictures[:n]))
        figures[f"classifier {n}"] = n * _calls_a_second(lambda n=n: classifier.classify(crops[:n]))
    outcome = watch.outcome()
    return Outcome(outcome.wall_s, outcome.cpu_s, figures=figures)


def _calls_a_second(call: Callable[[], object]) -> float:
    """Median of a few rounds, after one call to warm up."""
    call()
    speeds = []
    for _ in range(_ROUNDS):
        calls, began = 0, time.perf_counter()
        while time.perf_counter() - began < _SECONDS or not calls:
            call()
            calls += 1
        speeds.append(calls / (time.perf_counter() - began))
    return statistics.median(speeds)
