"""A tail of a camera that works: what it sees, how fast, and that files say the same."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from av.packet import Packet
from av.video.frame import VideoFrame

from fer_core import Engine, ProcessConfig, analyse, follow_records, load_records, load_streams
from fer_core.sources.decoder import Decoder
from fer_core.streams.parts import stamp
from fer_core.streams.status import Seen
from tests.real.rtsp import Server, until
from tests.real.tailing import Tailing, check_truth

pytestmark = pytest.mark.real

Serve = Callable[..., Server]
Start = Callable[..., Tailing]

EVERY_FRAME = ProcessConfig.model_validate(
    {"device": "cpu", "sample": {"fps": "all"}, "render": {"enabled": False}}
)
BITS, SIDE = 9, 16


@pytest.mark.parametrize(
    ("mount", "transport"), [({}, "tcp"), ({"udp": True}, "udp"), ({"codec": "mjpeg"}, "tcp")]
)
def test_records_appear_while_the_stream_runs(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path, mount: dict, transport: str
) -> None:
    server = serve({"door": {"file": str(face_clip), **mount}})
    stop, seen = threading.Event(), []
    running = tailing(server.camera(tmp_path, "door", transport=transport))
    for rows in follow_records(running.out, existing=True, stop=stop):
        seen.append(rows)
        if len(seen) == 3:
            stop.set()
    running.stop()
    records = check_truth(running.out)
    assert sum(map(len, seen)) <= len(records)
    assert set(records["source"]) == set(records["camera"]) == {"door"}
    for part in running.out.glob("records/*/*.parquet"):
        start = pq.read_table(part)["captured_at"].to_pylist()[0]
        assert part.name == f"door-{stamp(start)}.parquet"
        assert pq.read_schema(part).metadata[b"clock"] in (b"sender", b"arrival")
    gaps = records.drop_duplicates("pts")["time_s"].diff().dropna()
    assert gaps.min() > 0.15  # five a second, and less where the machine has no time
    assert records["emotion"].notna().mean() > 0.9


def test_the_senders_clock_is_used_and_named(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(
        server.camera(tmp_path, "door"), server.camera(tmp_path, "door", "own", clock="arrival")
    )
    until(lambda: "sender" in set(running.rows.get("clock", [])))
    running.stop()
    rows = load_streams(running.out).set_index("camera")
    assert (rows.loc["door", "clock"], rows.loc["own", "clock"]) == ("sender", "arrival")
    for camera in ("door", "own"):
        records = load_records(running.out, sources=camera)
        span = records["captured_at"].iloc[[0, -1]]
        assert span.iloc[0] >= rows.loc[camera, "started_at"].floor("s") - np.timedelta64(2, "s")
        assert span.iloc[1] <= rows.loc[camera, "ended_at"]


def test_a_key_frame_is_looked_at_before_the_next_one_comes(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip), "pictures": 40}})  # one of them is a key frame
    config = ProcessConfig.model_validate({"device": "cpu", "sample": {"fps": "keyframes"}})
    running = tailing(server.camera(tmp_path, "door"), config=config)
    until(lambda: running.frames)
    running.stop()
    check_truth(running.out)


def test_records_that_cannot_be_written_wait_until_they_can(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server, out = serve({"door": {"file": str(face_clip)}}), tmp_path / "out"
    out.mkdir()
    (out / "records").write_text("in the way, as a full disk is")
    running = tailing(server.camera(tmp_path, "door"))
    until(lambda: running.statuses[0].snapshot().warning)
    (out / "records").unlink()
    until(lambda: not running.statuses[0].snapshot().warning)
    [result] = running.stop()
    assert result.error is None
    check_truth(out)


def test_slow_looking_drops_the_oldest_and_counts_them(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    may_look = threading.Semaphore(0)

    def slow(camera: str, seen: Seen) -> None:
        may_look.acquire()

    running = tailing(server.camera(tmp_path, "door"), config=EVERY_FRAME, on_seen=slow)
    until(lambda: running.statuses[0].snapshot().dropped >= 20)
    may_look.release(10_000)
    [result] = running.stop()
    assert result.dropped >= 20
    check_truth(running.out)


def test_slow_decoding_leaves_frames_out_and_counts_them(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = Decoder.decode

    def slow(self: Decoder, packet: Packet) -> list[VideoFrame]:
        time.sleep(0.2)  # five frames a second, of a camera that sends more
        return decode(self, packet)

    monkeypatch.setattr(Decoder, "decode", slow)
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(server.camera(tmp_path, "door"))
    until(lambda: running.statuses[0].snapshot().dropped >= 20)
    [result] = running.stop()
    assert result.dropped >= 20
    check_truth(running.out)


@pytest.fixture(scope="module")
def numbered_clip(sample_videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, with each frame's number in black and white squares along its upper edge."""
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    with av.open(str(sample_videos[0])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=25, options={"bf": "0", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            for bit in range(BITS):
                picture[:SIDE, bit * SIDE : (bit + 1) * SIDE] = 255 * (number >> bit & 1)
            target.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        target.mux(stream.encode(None))
    return path


def read_number(grey: np.ndarray) -> int:
    squares = grey[:SIDE, : BITS * SIDE].reshape(SIDE, BITS, SIDE)[4:-4, :, 4:-4]
    return sum(int(level > 128) << bit for bit, level in enumerate(squares.mean(axis=(0, 2))))


def test_file_and_stream_agree(
    serve: Serve, tailing: Start, engine: Engine, numbered_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(numbered_clip)}})
    numbers: dict[int, int] = {}

    def note(camera: str, seen: Seen) -> None:
        frame = seen.live.frame
        numbers.setdefault(frame.frame_index, read_number(frame.luma))

    running = tailing(server.camera(tmp_path, "door"), config=EVERY_FRAME, on_seen=note)
    until(lambda: len(set(numbers.values())) > 80)  # the clip comes again when it is over
    running.stop()
    summary = analyse(numbered_clip, tmp_path / "file", engine, EVERY_FRAME)
    assert summary.status == "ok"
    live = check_truth(running.out).dropna(subset="emotion")
    live = live.assign(frame_index=live["frame_index"].map(numbers))
    file = load_records(tmp_path / "file").dropna(subset="emotion")
    both = live.merge(file, on=["frame_index", "face_index"], suffixes=("_live", "_file"))
    assert both["frame_index"].nunique() > 50
    assert len(both) >= 0.98 * len(live)
    assert (both["emotion_live"].astype(str) == both["emotion_file"].astype(str)).mean() >= 0.98
