"""How long it takes from a frame's arrival until `load_records` shows its row.

```
python -m tests.benchmarks.tail_delay [seconds]
```

Starts Debian's RTSP server on 127.0.0.1 with a looped 640×360 clip, tails it at five samples a
second with `--roll 1`, and asks `load_records` again and again, as a person with a notebook
would. Prints the median and the 95th percentile over all frames.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from fer_core import Engine, ProcessConfig, load_records
from fer_core.bench.clips import loop
from fer_core.errors import RecordsError
from fer_core.samples import make_samples
from fer_core.streams.camera import find_cameras
from fer_core.streams.status import Seen
from fer_core.streams.tail import tail
from tests.real.rtsp import Server


def measure(url: str, out: Path, seconds: float, engine: Engine) -> np.ndarray:
    """Delays in seconds of all frames that were looked at."""
    arrived: dict[int, float] = {}
    visible: dict[int, float] = {}
    stop = threading.Event()

    def note(camera: str, seen: Seen) -> None:
        arrived[seen.live.frame.pts] = seen.live.arrived_s

    def run() -> None:
        tail(find_cameras([url]), out, ProcessConfig(), engine, roll_s=1, stop=stop, on_seen=note)

    def look() -> None:
        try:
            known = load_records(out, columns=["pts"])["pts"].unique().tolist()
        except RecordsError:
            return  # there are none yet
        now = time.monotonic()
        for pts in known:
            visible.setdefault(pts, now)

    thread = threading.Thread(target=run)
    thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        look()
        time.sleep(0.05)
    stop.set()
    thread.join()
    return np.array([visible[pts] - arrived[pts] for pts in visible if pts in arrived])


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as directory, Engine.load(ProcessConfig()) as engine:
        place = Path(directory)
        clip = loop(make_samples(place)[0], place / "loop.mp4", seconds + 60)
        server = Server({"door": {"file": str(clip)}})
        try:
            delays = measure(server.url("door"), place / "out", seconds, engine)
        finally:
            server.kill()
    p50, p95 = np.percentile(delays, [50, 95])
    print(f"{len(delays)} frames in {seconds:g} s: p50 {p50:.2f} s, p95 {p95:.2f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 120)
