"""How long `fer tail` takes to end after SIGINT and SIGTERM.

```
python -m tests.benchmarks.tail_exit [turns]
```

Starts Debian's RTSP server on 127.0.0.1, tails two cameras of it, of which one has fallen silent
with its connection open, and stops that in the middle of a part. Prints each time.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fer_core.bench.clips import loop
from fer_core.samples import make_samples
from tests.cli.command import COMMAND, ROOT, environment
from tests.real.rtsp import Server, until


def measure(clip: Path, out: Path, number: signal.Signals) -> float:
    """Seconds from the signal to the end of the process."""
    servers = [Server({"door": {"file": str(clip)}}) for _ in range(2)]
    urls = [server.url("door") for server in servers]
    command = [*COMMAND, "tail", *urls, "--out", str(out), "--roll", "3600"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: len(list(out.glob("streams/*.parquet"))) == len(urls))
        servers[1].send(signal.SIGSTOP)
        time.sleep(3)
        process.send_signal(number)
        began = time.monotonic()
        code = process.wait(60)
        took_s = time.monotonic() - began
    finally:
        process.kill()
        for server in servers:
            server.kill()
    assert (code, len(list(out.glob("records/*/*.parquet")))) == (0, len(urls))
    return took_s


def main(turns: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        clip = loop(make_samples(place)[0], place / "loop.mp4", 120)
        for turn in range(turns):
            for number in (signal.SIGINT, signal.SIGTERM):
                took_s = measure(clip, place / f"{turn}{number.name}", number)
                print(f"{number.name}: {took_s:.2f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
