"""Networks on a CPU, run by OpenVINO."""

import sys
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Literal, cast

import numpy as np

from fer_core.errors import ModelError
from fer_core.runtime.batch_size import Shape, pieces_batch
from fer_core.types import ByteArray, FloatArray

# A graph of its own pays off after some 40 pictures of a shape; a few shapes make up most runs.
_OFTEN = 32
_MOST_SHAPES = 4

_HINTS = {"float32": "f32", "bfloat16": "bf16"}
_SETTINGS = {
    "PERFORMANCE_HINT": "THROUGHPUT",
    # Decoders and encoders want the same cores.
    "ENABLE_CPU_PINNING": False,
}


class OpenVinoNetwork:
    """A graph that `fer_core.export` wrote.

    A batch is cut into pieces that are run at once, one on each stream of the processor. Shapes
    may differ from call to call. One that is met often gets a graph compiled for it alone, which
    saves a quarter of YuNet's time and takes a tenth of a second.

    Args:
        graph: the `.xml` file, with its weights in the `.bin` file beside it.
        max_batch: most pictures a piece.
        precision: what it computes in; bfloat16 is several times as fast where `has_bfloat16`.
        usual: shape of most pictures to come; if one makes a piece, its graph is compiled at once.

    Raises:
        ModelError: the file cannot be loaded.
    """

    def __init__(
        self,
        graph: Path,
        max_batch: int,
        precision: Literal["float32", "bfloat16"] = "float32",
        usual: Shape | None = None,
    ) -> None:
        self.max_batch = max_batch
        self._settings = {**_SETTINGS, "INFERENCE_PRECISION_HINT": _HINTS[precision]}
        self._met: Counter[tuple[int, ...]] = Counter()
        self._compiled: dict[tuple[int, ...] | None, _Requests] = {}
        self._compiling = Lock()
        alone = usual is not None and pieces_batch(usual) == 1
        try:
            openvino = import_openvino()
            # Two threads that are the first to look at a tensor as an array wait for each other
            # for ever, one for Python's lock and one for what is set up there once.
            _ = openvino.Tensor(np.zeros(1, np.float32)).data
            self._model = openvino.Core().read_model(graph)
            self._streams = self._graph((1, *usual) if usual and alone else None).streams
        except RuntimeError as error:
            raise ModelError(f"cannot load {graph}: {error}") from error

    def __call__(self, batch: ByteArray) -> list[FloatArray]:
        pieces = self._pieces(np.ascontiguousarray(batch))
        return self._requests(pieces).run(pieces)

    def _pieces(self, batch: ByteArray) -> list[ByteArray]:
        """The batch in equal parts: as many as keep all streams busy."""
        n = len(batch)
        most = min(self.max_batch, pieces_batch(batch.shape[1:]))
        rounds = -(-n // (most * self._streams))
        return np.array_split(batch, min(n, rounds * self._streams))

    def _requests(self, pieces: list[ByteArray]) -> "_Requests":
        """Those that are the fastest for the pieces. The first piece is the largest."""
        shape = pieces[0].shape
        with self._compiling:
            if shape in self._compiled:
                return self._compiled[shape]
            self._met[shape] += len(pieces)
            # Small pictures come in pieces of any number, which must not change what is found.
            is_often = pieces_batch(shape[1:]) == 1 and self._met[shape] > _OFTEN
            one_shape = is_often and len(self._compiled) <= _MOST_SHAPES
            return self._graph(shape if one_shape else None)

    def _graph(self, shape: tuple[int, ...] | None) -> "_Requests":
        """The graph for pieces of one shape, or of any; compiled when it is first asked for."""
        if shape not in self._compiled:
            model = self._model.clone()
            if shape:
                model.reshape(shape)
            self._compiled[shape] = _Requests(model, self._settings)
        return self._compiled[shape]


class _Requests:
    """A compiled graph, and what runs it: a request for each stream of the processor."""

    def __init__(self, model: Any, settings: dict[str, Any]) -> None:
        # As bytes, OpenVINO would reorder the picture three times: a tenth of YuNet's time.
        model.get_parameters()[0].set_element_type(import_openvino().Type.f32)
        model.validate_nodes_and_infer_types()
        compiled = import_openvino().Core().compile_model(model, "CPU", settings)
        self.streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self.streams):
            self._idle.put(compiled.create_infer_request())

    def run(self, pieces: list[ByteArray]) -> list[FloatArray]:
        """All outputs for the pieces, joined. Safe to call from several threads."""
        results: list[list[FloatArray]] = []
        running: deque[Any] = deque()
        try:
            for piece in pieces:
                request = self._idle_request(running, results)
                running.append(request)
                tensor = request.get_input_tensor()
                tensor.shape = piece.shape
                tensor.data[:] = piece
                request.start_async()
            while running:
                self._idle.put(_finish(running, results))
        finally:  # only after an error is one left: it still reads its piece
            for request in running:
                with suppress(RuntimeError):
                    request.wait()
                self._idle.put(request)
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    def _idle_request(self, running: deque[Any], results: list[list[FloatArray]]) -> Any:
        """A request to run a piece with.

        Who has none waits until another thread gives one back; who has some takes the oldest of
        them again, so that no two threads wait for each other.
        """
        if not running:
            return self._idle.get()
        try:
            return self._idle.get_nowait()
        except Empty:
            return _finish(running, results)


def _finish(running: deque[Any], results: list[list[FloatArray]]) -> Any:
    """Waits for the oldest of the requests, keeps what it found, and returns it, idle."""
    running[0].wait()
    results.append([tensor.data.copy() for tensor in running[0].output_tensors])
    return running.popleft()


def import_openvino() -> Any:
    """The package `openvino`, kept from reporting its use over the network.

    It reports every import to its maker's statistics unless the package `openvino_telemetry`
    cannot be imported, which is what None among the loaded modules says.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", cast(Any, None))
    import openvino

    return openvino


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 (AMX, AVX-512 BF16)."""
    return "BF16" in import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def version() -> str:
    """OpenVINO's version, as `2026.4.1`."""
    return str(import_openvino().__version__).split("-")[0]
