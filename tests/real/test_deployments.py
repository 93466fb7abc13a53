"""`prefect.yaml`: a worker does a night that was deployed, and a webhook hears how it ended."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fer_core.ledger import read_rows
from tests.cli.command import ROOT, environment
from tests.real.prefect_api import ask, get

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SECRET = "T0ken"
_PATIENCE_S = 60.0
_SETTLED_S = 3600.0


class Hook(BaseHTTPRequestHandler):
    """Keeps what is sent to it."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Listener(ThreadingHTTPServer):
    """A webhook's other end."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/{SECRET}"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def python(*arguments: str, **more: str) -> str:
    """What a program says that runs at the top of the checkout."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def example() -> str:
    """The Python code under "When a night fails"."""
    page = (ROOT / "docs" / "prefect.md").read_text(encoding="utf-8")
    _, _, section = page.partition("\n## When a night fails")
    [code] = re.findall(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    return code


@dataclass(frozen=True)
class Night:
    """A night that a worker did.

    Args:
        run: of the flow, as Prefect has it.
        out: where the records are.
        said: by the worker and the commands before it.
    """

    run: dict[str, Any]
    out: Path
    said: list[str]


@pytest.fixture(scope="module")
def night(
    prefect_server: str,
    listener: Listener,
    sample_videos: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Night:
    """What docs/archives.md has people do, with a night that begins at once."""
    home = tmp_path_factory.mktemp("night")
    archive, out = home / "archive", home / "out"
    archive.mkdir()
    shutil.copy(sample_videos[0], archive / "good.mp4")
    (archive / "bad.mp4").touch()
    for video in archive.iterdir():
        os.utime(video, (then := time.time() - _SETTLED_S, then))

    def run(*arguments: str) -> str:
        return python(*arguments, PREFECT_API_URL=prefect_server, FER_WEBHOOK=listener.url)

    prefect = ("-m", "prefect")
    with ThreadPoolExecutor() as pool:  # they take seconds each
        first = [
            pool.submit(run, *prefect, *"work-pool create --type process fer".split()),
            pool.submit(run, *prefect, *"gcl create gpu-a --limit 1".split()),
            pool.submit(run, "-c", example()),
        ]
        said = [one.result() for one in first]
    said.append(run(*prefect, *"--no-prompt deploy --all".split()))
    deployment = get(f"{prefect_server}/deployments/name/nightly/a")
    begun = ask(
        f"{prefect_server}/deployments/{deployment['id']}/create_flow_run",
        {"parameters": {"archive": str(archive), "out": str(out), "night": {}}},
    )
    worker = "worker start --pool fer --work-queue a --run-once --install-policy never"
    said.append(run(*prefect, *worker.split()))
    return Night(get(f"{prefect_server}/flow_runs/{begun['id']}"), out, said)


def test_every_deployment_is_made(prefect_server: str, night: Night) -> None:
    found = ask(f"{prefect_server}/deployments/filter", {})
    queues = {one["name"]: one["work_queue_name"] for one in found}
    assert queues == {"a": "a", "b": "b", "now-a": "a"}
    schedules = {one["name"]: len(one["schedules"]) for one in found}
    assert schedules == {"a": 1, "b": 1, "now-a": 0}


def test_a_worker_does_the_night(prefect_server: str, night: Night) -> None:
    assert night.run["state"]["name"] == "Completed with failures", night.said
    assert night.run["state"]["message"] == "1 ok, 0 partial, 1 failed"
    rows = {Path(row.source).name: row for row in read_rows(night.out).values()}
    assert {name: row.status for name, row in rows.items()} == {
        "good.mp4": "ok",
        "bad.mp4": "failed",
    }
    assert rows["good.mp4"].faces > 0
    assert (night.out / "report" / "index.html").is_file()


def test_a_night_from_the_file_holds_its_gpu_and_renders_nothing(
    prefect_server: str, night: Night
) -> None:
    assert night.run["parameters"]["config"] == {"gpu_limit": "gpu-a"}
    assert get(f"{prefect_server}/v2/concurrency_limits/gpu-a")["active_slots"] == 0
    assert not (night.out / "annotated").exists()


def test_the_webhook_hears_of_it(listener: Listener, night: Night) -> None:
    expected = f"nightly {night.run['name']}: Completed with failures: 1 ok, 0 partial, 1 failed"
    deadline = time.monotonic() + _PATIENCE_S
    while (f"/{SECRET}", {"text": expected}) not in listener.heard:
        assert time.monotonic() < deadline, listener.heard
        time.sleep(0.1)


def test_nobody_tells_the_webhook_s_url(prefect_server: str, night: Night) -> None:
    told = [
        *night.said,
        json.dumps(ask(f"{prefect_server}/logs/filter", {})),
        json.dumps(ask(f"{prefect_server}/automations/filter", {})),
        json.dumps(ask(f"{prefect_server}/block_documents/filter", {})),
        json.dumps(ask(f"{prefect_server}/flow_runs/filter", {})),
        json.dumps(ask(f"{prefect_server}/events/filter", {})),
    ]
    assert all(len(text) > 2 for text in told[-5:])
    assert not any(SECRET in text for text in told)
    files = [path for path in night.out.rglob("*") if path.is_file()]
    assert files
    assert not any(SECRET.encode() in path.read_bytes() for path in files)
