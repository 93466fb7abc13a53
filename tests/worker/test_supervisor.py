"""A worker process, its crashes, and what comes of the work it was at."""

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from fer_core.errors import WorkerCrashed
from fer_core.types import Progress
from fer_core.worker.supervisor import Supervisor
from tests.worker.works import (
    Crash,
    Endless,
    Innocent,
    Meet,
    Refuse,
    RefuseOddly,
    Tell,
    TwoPartError,
)


@pytest.fixture
def worker() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.close()


def test_work_is_done_in_another_process_whose_log_lines_are_heard_here(
    worker: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    pid = worker.run(Tell())
    assert pid not in (os.getpid(), None)
    assert worker.pid == pid
    assert f"at work in {pid}" in caplog.messages
    assert caplog.records[0].levelno == logging.WARNING


def test_several_jobs_run_at_once(worker: Supervisor, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    jobs = [worker.submit(Meet(one, other)), worker.submit(Meet(other, one))]
    assert [job.result(60) for job in jobs] == [None, None]


def test_an_error_comes_back_with_its_traceback_and_the_process_lives_on(
    worker: Supervisor,
) -> None:
    pid = worker.run(Tell())
    with pytest.raises(UnicodeDecodeError, match="no text") as caught:
        worker.run(Refuse())
    assert "tests/worker/works.py" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match=f"{TwoPartError.__name__}: odd error"):
        worker.run(RefuseOddly())
    assert worker.run(Tell()) == pid


def test_what_a_listener_raises_ends_the_job_alone(worker: Supervisor) -> None:
    def refuse(progress: Progress) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        worker.run(Endless(), refuse)
    assert worker.run(Tell()) == worker.pid


def test_a_crash_is_the_end_of_the_guilty_job_alone(worker: Supervisor, tmp_path: Path) -> None:
    first = worker.run(Tell())
    guilty, innocent = worker.submit(Crash(tmp_path)), worker.submit(Innocent(tmp_path))
    with pytest.raises(WorkerCrashed, match=r"crashed twice \(signal 11\)"):
        guilty.result(60)
    assert innocent.result(60) == "done"
    assert worker.run(Tell()) != first


def test_closing_ends_the_process_and_what_it_was_at(worker: Supervisor) -> None:
    began = threading.Event()
    endless = worker.submit(Endless(), lambda _: began.set())
    assert began.wait(60)
    pid = worker.pid
    assert pid is not None
    worker.close()
    with pytest.raises(CancelledError):
        endless.result(60)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="closed"):
        worker.run(Tell())
