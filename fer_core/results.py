"""What the stages make of an opened video: decoding and detection each in their own thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from fer_core import stages
from fer_core.annotate import Annotation
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.overlap import read_ahead
from fer_core.sources.base import FrameSource
from fer_core.types import FrameFaces

# Frames wait with their full-size pictures (3 MB at 1080p), crops with 2 kB.
_FRAMES_AT_ONCE = 16
_CROPS_AT_ONCE = 64

_STAGE_BYTES = 25_000_000
"""What each stage may hold of pictures that wait to be drawn on: 8 frames at 1080p, 2 in 4K."""


@contextmanager
def results_of(
    source: FrameSource, engine: Engine, config: ProcessConfig, annotation: Annotation | None = None
) -> Iterator[Iterator[FrameFaces]]:
    """The results of a source's frames, in order, as long as the block lasts.

    Args:
        source: the opened video, or a chunk of it.
        engine: the networks.
        config: the settings with which they were loaded.
        annotation: gets the pictures, if they are to be drawn on.
    """
    detector, classifier = engine.detector, engine.classifier
    # A video waits for its own frames only so long; larger batches are filled by others.
    batch = min(detector.batch_size, _FRAMES_AT_ONCE)
    crops = min(classifier.batch_size, _CROPS_AT_ONCE)
    sampled = source.frames()
    if annotation:  # now every picture waits until its faces are classified
        sampled = annotation.keep(sampled)
        few = max(2, _STAGE_BYTES // (source.info.width * source.info.height * 3 // 2))
        batch, crops = min(batch, few), min(crops, few)
    with (
        read_ahead(sampled, batch, "decode") as frames,
        read_ahead(
            stages.detect(frames, detector, classifier.input_size, batch, config.detect.every),
            batch,
            "detect",
        ) as found,
    ):
        yield stages.classify(found, classifier, crops)
