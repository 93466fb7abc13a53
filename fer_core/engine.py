"""The two networks of an analysis, loaded once and shared by all its videos."""

from dataclasses import dataclass
from types import TracebackType

from fer_core.cards import read_card
from fer_core.classifiers.base import Classifier
from fer_core.config import DetectConfig, ProcessConfig
from fer_core.detectors.base import Detector

SEARCH_SCORE = 0.5
"""Score from which something is hidden as a face: a wall that is blurred does no harm."""


@dataclass(frozen=True, slots=True)
class ModelIds:
    """Which models an analysis uses, known without loading a network.

    Args:
        classifier: name and first 12 hex digits of the hash, as the records carry it.
        settings_hash: covers all settings and weights that change records.
    """

    classifier: str
    settings_hash: str

    @classmethod
    def of(cls, config: ProcessConfig) -> "ModelIds":
        """Reads both cards and checks the weights against them.

        Raises:
            ModelError: a model is missing or damaged.
        """
        detector, _ = read_card(config.detect.model, "detector")
        classifier, _ = read_card(config.classify.model, "classifier")
        name = f"{classifier.name}@{classifier.sha256[:12]}"
        return cls(
            name,
            config.settings_hash(detector.sha256, classifier.sha256, str(classifier.temperature)),
        )


class Engine:
    """Detector and classifier, ready to be called from several threads.

    Args:
        detector, classifier: the two networks.
        ids: what they are called in the records.
        searcher: finds faces that are to be hidden; the detector if None.

    Example:
        >>> with Engine.load(ProcessConfig()) as engine:  # doctest: +SKIP
        ...     analyse("lecture.mp4", Path("out"), engine)
    """

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        ids: ModelIds,
        searcher: Detector | None = None,
    ) -> None:
        self.detector = detector
        self.classifier = classifier
        self.ids = ids
        self.searcher = searcher or detector

    @classmethod
    def load(cls, config: ProcessConfig) -> "Engine":
        """Loads both networks onto the configured device: seconds, so do it once.

        Raises:
            ModelError: a model is missing or damaged.
            ConfigError: the device does not exist.
        """
        from fer_core.batching import BatchingClassifier, BatchingDetector
        from fer_core.classifiers.keras_cnn import KerasClassifier
        from fer_core.detectors.yunet import YuNet

        def load(detect: DetectConfig) -> Detector:
            return BatchingDetector(YuNet.load(detect, config.device), config.batch_wait_s)

        classifier = KerasClassifier.load(config.classify, config.device)
        unsure = config.detect.model_copy(
            update={"min_score": min(config.detect.min_score, SEARCH_SCORE)}
        )
        return cls(
            load(config.detect),
            BatchingClassifier(classifier, config.batch_wait_s),
            ModelIds.of(config),
            load(unsure) if config.render.blur != "none" else None,
        )

    @property
    def settings_hash(self) -> str:
        return self.ids.settings_hash

    def close(self) -> None:
        """Releases the networks."""
        self.detector.close()
        self.classifier.close()
        if self.searcher is not self.detector:
            self.searcher.close()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
