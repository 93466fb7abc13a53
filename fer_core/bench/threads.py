"""Which stage a process spends its processor time in, told by the names of its threads.

The pipeline names its threads after their stages, FFmpeg names those of its decoders `av:…`, and
threads that a library starts have the name of the thread that started them. So the product needs
no counters: Linux keeps the times.
"""

import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from types import TracebackType

NETWORKS, VIDEO = "networks", "video"
"""Names that the benchmark gives: to the threads of the networks, and to those that own a video."""

_SAMPLER = "sampler"
_STAGES = {
    "decode": "convert",
    "detect": "crop",
    "look": "results",
    "detector": NETWORKS,
    "classifier": NETWORKS,
    NETWORKS: NETWORKS,
    VIDEO: "results",
}
"""What Python's threads do. Decoders run in FFmpeg's own threads, so what is left to the thread
that reads their frames is to convert those that are sampled; the thread that owns a video tracks
faces, writes records, and draws."""

_Thread = tuple[int, int]
_TASKS = Path("/proc/self/task")
_INTERVAL_S = 0.05
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class ThreadTimes:
    """Processor seconds of this process by stage, while the block runs.

    A thread is looked at 20 times a second, and what it does after the last look is not seen.

    Example:
        >>> with ThreadTimes() as times:  # doctest: +SKIP
        ...     analyse("lecture.mp4", "out")
        >>> times.shares()  # doctest: +SKIP
        {'decode': 0.21, 'convert': 0.08, 'networks': 0.62, 'records': 0.09}
    """

    def __init__(self) -> None:
        self._threads: dict[_Thread, tuple[str, float]] = {}
        self._before: dict[_Thread, tuple[str, float]] = {}
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._run, name=_SAMPLER, daemon=True)

    def __enter__(self) -> "ThreadTimes":
        self._look()
        self._before = dict(self._threads)
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._sampler.join()
        self._look()

    def shares(self) -> dict[str, float]:
        """Each stage's part of the time of all, largest first; they add up to 1."""
        stages: defaultdict[str, float] = defaultdict(float)
        for thread, (stage, seconds) in self._threads.items():
            stages[stage] += seconds - self._before.get(thread, ("", 0.0))[1]
        stages.pop(_SAMPLER, None)
        largest = sorted(stages.items(), key=itemgetter(1), reverse=True)
        total = sum(stages.values())
        return {stage: part / total for stage, part in largest if part > 0}

    def _run(self) -> None:
        while not self._ended.wait(_INTERVAL_S):
            self._look()

    def _look(self) -> None:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        for task in _TASKS.iterdir():
            try:
                comm, began, seconds = _read(task)
            except OSError:  # it has ended
                continue
            thread, name = (int(task.name), began), names.get(int(task.name))
            if name is None and thread in self._threads:  # Python forgets a thread before it ends
                stage, _ = self._threads[thread]
            else:
                stage = _stage(name, comm)
            self._threads[thread] = stage, seconds


def _read(task: Path) -> tuple[str, int, float]:
    """A thread's name for Linux, when it began (its number may be used again), and its seconds."""
    before, _, after = (task / "stat").read_text().rpartition(")")
    fields = after.split()
    return before.partition("(")[2], int(fields[19]), (int(fields[11]) + int(fields[12])) * _TICK_S


def _stage(python_name: str | None, comm: str) -> str:
    if python_name is not None:
        name = VIDEO if python_name.startswith(VIDEO) else re.sub(r"_\d+$", "", python_name)
        return _STAGES.get(name, name)
    if comm.startswith("av:"):
        return "decode"
    return NETWORKS if comm == NETWORKS else "encode"


@contextmanager
def named(name: str) -> Iterator[None]:
    """Gives threads that libraries start within the block this name, in the eyes of Linux."""
    comm = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    former = comm.read_text()
    comm.write_text(name)
    try:
        yield
    finally:
        comm.write_text(former)
