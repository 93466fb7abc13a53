"""One owner of each network: callers of many videos share its batches.

A network is cheapest a picture in large batches, and one video alone rarely fills one in time.
Callers hand their pictures to a `Batcher` and wait; a thread of its own takes what has come from
all of them, calls the network once, and gives each caller its own part. A second one gathers
meanwhile, so that the network need not wait for Python between two batches.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from fer_core.classifiers.base import Classifier
from fer_core.detectors.base import Detector
from fer_core.types import ByteArray, Faces, FloatArray

In = TypeVar("In")
Out = TypeVar("Out")


_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class _Request(Generic[In, Out]):
    """A caller's items and where its results go."""

    items: Sequence[In]
    result: "Future[list[Out]]"


class Batcher(Generic[In, Out]):
    """Calls a function on batches made of the items of many callers.

    A caller whose items make the function fail gets the error; those that shared the batch get
    their results all the same.

    Args:
        function: from a list of items to a list of as many results, in their order.
            Two calls may be under way at once.
        max_batch: a batch is called when this many items have come …
        max_wait_s: … or when its first item has waited this long.
        name: of the threads, for profiles.

    Example:
        >>> with Batcher(lambda numbers: [n * n for n in numbers], 8, 0.01) as squares:
        ...     squares([2, 3])
        [4, 9]
    """

    def __init__(
        self,
        function: Callable[[list[In]], Sequence[Out]],
        max_batch: int,
        max_wait_s: float,
        name: str = "batcher",
    ) -> None:
        self._function = function
        self._max_batch = max_batch
        self._max_wait_s = max_wait_s
        self._requests: queue.Queue[_Request[In, Out] | None] = queue.Queue()
        self._open = threading.Lock()
        self._is_closed = False
        self._gathering = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=name, daemon=True) for _ in range(_AT_ONCE)
        ]
        for thread in self._threads:
            thread.start()

    def __call__(self, items: Sequence[In]) -> list[Out]:
        """Results of the items, in their order; waits for them.

        Raises:
            whatever the function raises on these items.
        """
        if not items:
            return []
        request: _Request[In, Out] = _Request(items, Future())
        with self._open:
            if self._is_closed:
                raise RuntimeError("this batcher is closed")
            self._requests.put(request)
        return request.result.result()

    def close(self) -> None:
        """Answers what was asked before, then ends the threads."""
        with self._open:
            if not self._is_closed:
                self._requests.put(None)
            self._is_closed = True
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> "Batcher[In, Out]":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            with self._gathering:  # two halves of a batch are no batch
                batch = self._gather()
            if not batch:
                return
            self._answer(batch)

    def _gather(self) -> list[_Request[In, Out]]:
        """The requests of a batch; none at the end, which stays in the queue."""
        first = self._requests.get()
        if first is None:
            self._requests.put(None)
            return []
        batch, size = [first], len(first.items)
        deadline = time.monotonic() + self._max_wait_s
        while size < self._max_batch:
            try:
                request = self._requests.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if request is None:
                self._requests.put(None)
                break
            batch.append(request)
            size += len(request.items)
        return batch

    def _answer(self, batch: list[_Request[In, Out]]) -> None:
        try:
            results = self._function([item for request in batch for item in request.items])
        except Exception as error:
            if len(batch) == 1:
                batch[0].result.set_exception(error)
                return
            for request in batch:  # one of them is at fault: the others shall not suffer
                self._answer([request])
            return
        start = 0
        for request in batch:
            stop = start + len(request.items)
            request.result.set_result(list(results[start:stop]))
            start = stop


class BatchingDetector:
    """A detector whose batches are filled by all its callers; see `Detector`.

    Args:
        detector: does the work.
        max_wait_s: as in `Batcher`.
    """

    def __init__(self, detector: Detector, max_wait_s: float) -> None:
        self._detector = detector
        self._batcher = Batcher[ByteArray, Faces](
            detector.detect, detector.batch_size, max_wait_s, "detector"
        )

    @property
    def batch_size(self) -> int:
        return self._detector.batch_size

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        """Faces of each picture."""
        return self._batcher(images)

    def close(self) -> None:
        """Ends the thread, then the detector."""
        self._batcher.close()
        self._detector.close()


class BatchingClassifier:
    """A classifier whose batches are filled by all its callers; see `Classifier`.

    Args:
        classifier: does the work.
        max_wait_s: as in `Batcher`.
    """

    def __init__(self, classifier: Classifier, max_wait_s: float) -> None:
        self._classifier = classifier
        self._batcher = Batcher[ByteArray, FloatArray](
            self._classify, classifier.batch_size, max_wait_s, "classifier"
        )

    @property
    def batch_size(self) -> int:
        return self._classifier.batch_size

    @property
    def input_size(self) -> int:
        return self._classifier.input_size

    def classify(self, crops: ByteArray) -> FloatArray:
        """Probabilities of each crop."""
        if not len(crops):
            return self._classifier.classify(crops)
        return np.stack(self._batcher(list(crops)))

    def close(self) -> None:
        """Ends the thread, then the classifier."""
        self._batcher.close()
        self._classifier.close()

    def _classify(self, crops: list[ByteArray]) -> list[FloatArray]:
        return list(self._classifier.classify(np.stack(crops)))
