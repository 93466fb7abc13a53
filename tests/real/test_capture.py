"""`fer capture`: segments of a real stream, kills, limits, and what `fer process` makes of them."""

import re
import resource
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from av.packet import Packet

from fer_core import Engine, analyse, load_records, load_streams
from fer_core.errors import InUse
from fer_core.streams.camera import Camera
from fer_core.streams.capture import CaptureSummary, capture
from fer_core.streams.connection import Connection
from fer_core.streams.retention import KeepConfig
from tests.cli.command import COMMAND, ROOT, environment
from tests.clips import Clip, write
from tests.real.conftest import FAST
from tests.real.rtsp import Server, camera, until

pytestmark = pytest.mark.real

Serve = Callable[..., Server]

NAME = re.compile(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\dZ(-\d+)?\.mp4")


@pytest.fixture(scope="module")
def sound_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of H.264 with a key frame a second, and a tone."""
    options = {"g": "30", "bf": "0", "sc_threshold": "0"}
    stamps = tuple(range(0, 600 * 512, 512))
    clip = Clip("sound.mp4", options=options, sound="aac", stamps=stamps)
    return write(clip, tmp_path_factory.mktemp("sound"))


class Capturing:
    """A capture in a thread."""

    def __init__(self, cameras: list[Camera], archive: Path, **options: object) -> None:
        self.results: list[CaptureSummary] = []
        self._stop = threading.Event()

        def run() -> None:
            self.results = capture(cameras, archive, stop=self._stop, **options)  # type: ignore[arg-type]

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> list[CaptureSummary]:
        self._stop.set()
        self._thread.join()
        return self.results


def segments(archive: Path, name: str = "door") -> list[Path]:
    return sorted((archive / name).glob("*/[!.]*"))


def set_clock(patch: pytest.MonkeyPatch, back_s: int, after: int) -> None:
    """Sets the clock of the first camera that is read back, after so many packets."""
    read, first = Connection._next, list[Connection]()

    def late(self: Connection, packets: Iterator[Packet]) -> Packet | None:
        packet = read(self, packets)
        nonlocal after
        first.append(self)
        if packet and packet.time_base and self is first[0] and (after := after - 1) < 0:
            for stamp in ("pts", "dts"):
                before = getattr(packet, stamp)
                setattr(packet, stamp, before and before - round(back_s / packet.time_base))
        return packet

    patch.setattr(Connection, "_next", late)


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def test_packets_come_through_unchanged_in_whole_segments(
    serve: Serve, sound_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(sound_clip), "sound": True}})
    archive = tmp_path / "archive"
    running = Capturing([server.camera(tmp_path, "door")], archive, segment_s=2)
    until(lambda: len(segments(archive)) >= 3)
    [result] = running.stop()
    found = segments(archive)
    assert (result.segments, result.error) == (len(found), None)
    assert all(NAME.fullmatch(str(path.relative_to(archive / "door"))) for path in found)
    original = {packet[4:] for packet in packets(sound_clip, "video")}
    copied = [packet for path in found for packet in packets(path, "video")]
    assert sum(packet[-200:] in {one[-200:] for one in original} for packet in copied) > 0
    tone = set(packets(sound_clip, "audio"))
    assert all(packet in tone for packet in packets(found[1], "audio"))
    for path in found:
        with av.open(str(path)) as container:
            assert next(container.demux(video=0)).is_keyframe
    [row] = load_streams(archive).to_dict("records")
    assert (row["ended"], row["codec"]) == ("stopped", "h264")
    assert row["frames_received"] - row["frames_corrupt"] >= len(copied) > 100


def test_fer_process_knows_when_and_by_whom_a_segment_was_recorded(
    serve: Serve, sound_clip: Path, engine: Engine, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(sound_clip)}})
    archive, began = tmp_path / "archive", datetime.now(UTC)
    running = Capturing([server.camera(tmp_path, "door")], archive, segment_s=1)
    until(lambda: segments(archive))
    running.stop()
    row = analyse(segments(archive)[0], tmp_path / "out", engine, FAST.model_copy(
        update={"render": FAST.render.model_copy(update={"enabled": False})}
    ))  # fmt: skip
    assert (row.status, row.camera) == ("ok", "door")
    assert row.captured_at is not None
    assert -2 < (row.captured_at - began).total_seconds() < 60
    assert load_records(tmp_path / "out")["captured_at"].min() == row.captured_at


@pytest.mark.parametrize("sound", [True, "alaw"])
def test_what_a_kill_left_is_salvaged_at_the_next_start(
    serve: Serve, sound_clip: Path, tmp_path: Path, sound: bool | str
) -> None:
    server = serve({"door": {"file": str(sound_clip), "sound": sound}})
    door, archive = server.camera(tmp_path, "door"), tmp_path / "archive"
    options = ["--out", archive, "--cameras", tmp_path / "door.yaml", "--segment", "10m"]
    process = subprocess.Popen(
        [*COMMAND, "capture", "door", *map(str, options)], cwd=ROOT, env=environment()
    )
    until(lambda: any(path.stat().st_size > 20_000 for path in archive.glob("door/*/.*.open.mp4")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert segments(archive) == []
    running = Capturing([door], archive, segment_s=1)
    until(lambda: len(segments(archive)) >= 2)
    [result] = running.stop()
    assert result.salvaged == 1
    assert not list(archive.glob("door/*/.*"))
    saved = segments(archive)[0]
    with av.open(str(saved)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 0
    for path in segments(archive)[:2]:
        assert packets(path, "audio")


def test_what_was_left_is_looked_after_though_the_camera_is_dead(tmp_path: Path) -> None:
    day = tmp_path / "archive" / "door" / "2026-01-02"
    day.mkdir(parents=True)
    left = write(Clip("left.mp4", muxer={"movflags": "frag_keyframe"}), tmp_path)
    left.rename(day / ".10-00-00Z.open.mp4")
    (day / "09-00-00Z.mp4").write_bytes(b"old")
    dead = camera(tmp_path, "door", "rtsp://127.0.0.1:9/door")
    running = Capturing([dead], tmp_path / "archive")
    until(lambda: (tmp_path / "archive" / "streams").is_dir())
    [result] = running.stop()
    assert (result.salvaged, result.segments) == (1, 0)
    assert {path.name for path in day.iterdir()} == {"09-00-00Z.mp4", "10-00-00Z.mp4"}
    running = Capturing([dead], tmp_path / "archive", keep=KeepConfig(days=7))
    until(lambda: not day.exists())
    running.stop()


def test_what_mp4_cannot_hold_becomes_matroska(
    serve: Serve, sound_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(sound_clip), "codec": "mjpeg"}})
    archive = tmp_path / "archive"
    running = Capturing([server.camera(tmp_path, "door")], archive, segment_s=1)
    until(lambda: len(segments(archive)) >= 2)
    running.stop()
    assert {path.suffix for path in segments(archive)} == {".mkv"}
    assert all(packets(path, "video") for path in segments(archive))
    assert set(load_streams(archive)["codec"]) == {"mjpeg"}


def test_two_processes_do_not_record_one_camera(tmp_path: Path) -> None:
    dead = camera(tmp_path, "door", "rtsp://127.0.0.1:9/door")
    running = Capturing([dead], tmp_path / "archive")
    until((tmp_path / "archive" / "streams").is_dir)
    with pytest.raises(InUse, match="another process records"):
        capture([dead], tmp_path / "archive")
    [result] = running.stop()
    assert (result.error or "").startswith("no segment")
    assert not list(tmp_path.rglob(".lock"))


def test_a_full_disk_is_said_and_recording_goes_on_when_there_is_room(
    serve: Serve, sound_clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve({"door": {"file": str(sound_clip)}})
    door = server.camera(tmp_path, "door", retry_first_s=0.1, retry_most_s=60, attempts=2)
    archive = tmp_path / "archive"
    running = Capturing([door], archive, keep=KeepConfig(free_gb=1e9))
    until(lambda: caplog.text.count("trying again in") >= 5)
    running.stop()
    assert set(load_streams(archive).ended) >= {"disk full"}
    waits = re.findall(r"trying again in ([\d.]+) s", caplog.text)
    assert 0.8 <= float(waits[4]) <= 1.6  # the camera is not asked for pictures in vain for ever
    assert segments(archive) == []
    error = load_streams(archive)["error"].iloc[0]
    assert "GB of the disk are free" in error
    running = Capturing([door], archive, segment_s=1)
    until(lambda: segments(archive))
    running.stop()


def test_what_cannot_be_written_is_said_and_recording_goes_on_when_it_can(
    serve: Serve, face_clip: Path, tmp_path: Path
) -> None:
    server, archive = serve({"door": {"file": str(face_clip)}}), tmp_path / "archive"
    server.camera(tmp_path, "door")
    options = ["--out", archive, "--cameras", tmp_path / "door.yaml", "--segment", "1s"]
    process = subprocess.Popen(
        [*COMMAND, "capture", "door", *map(str, options)],
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: segments(archive))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        until(lambda: "disk" in set(load_streams(archive).ended))
        before = len(segments(archive))
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: len(segments(archive)) > before + 2)
        process.terminate()
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "door: cannot write:" in said
    assert not list(archive.glob("door/*/.*"))
    for path in segments(archive):
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 0


def test_a_camera_that_sets_its_clock_back_is_recorded_on(
    serve: Serve, sound_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, back_s=3600, after=50)
    door = serve({"door": {"file": str(sound_clip), "sound": True}}).camera(tmp_path, "door")
    running = Capturing([door], tmp_path / "archive", segment_s=1)
    until((tmp_path / "archive" / "streams").is_dir)
    until(lambda: len(load_streams(tmp_path / "archive")) == 2)
    running.stop()
    rows = load_streams(tmp_path / "archive")
    assert list(rows["ended"]) == ["broken", "stopped"]
    assert "time stamps jumped by -3" in rows["error"][0]
    assert rows["frames_corrupt"].sum() == 0


def test_pictures_that_stop_while_the_sound_goes_on_are_noticed(
    serve: Serve, sound_clip: Path, tmp_path: Path
) -> None:
    mount = {"file": str(sound_clip), "sound": True, "pictures": 40}
    door, archive = serve({"door": mount}).camera(tmp_path, "door", stall_s=2), tmp_path / "a"
    running = Capturing([door], archive, segment_s=1)
    until((archive / "streams").is_dir)
    until(lambda: "stalled" in set(load_streams(archive).ended))
    running.stop()
    assert segments(archive)


def test_many_cameras_in_one_process_do_not_disturb_each_other(
    serve: Serve, sound_clip: Path, tmp_path: Path
) -> None:
    server, archive = serve({"door": {"file": str(sound_clip)}}), tmp_path / "archive"
    dead = camera(tmp_path, "gate", "rtsp://127.0.0.1:9/gate", retry_first_s=0.2)
    pair = [server.camera(tmp_path, "door", name) for name in ("door", "yard")]
    running = Capturing([pair[0], dead, pair[1]], archive, segment_s=1)
    until(lambda: segments(archive, "door") and segments(archive, "yard"))
    door, gate, yard = running.stop()
    assert (door.error, yard.error) == (None, None)
    assert (gate.error or "").startswith("no segment")
    ended = load_streams(archive).groupby("camera")["ended"].agg(list)
    assert ended["door"] == ended["yard"] == ["stopped"]
    assert "refused" in ended["gate"]


def test_the_oldest_segments_go(serve: Serve, sound_clip: Path, tmp_path: Path) -> None:
    server = serve({"door": {"file": str(sound_clip)}})
    archive = tmp_path / "archive"
    long_ago = datetime.now(UTC) - timedelta(days=9)
    old = archive / "yard" / f"{long_ago:%Y-%m-%d}" / "10-00-00Z.mp4"
    notes = old.with_name("notes.txt")
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    notes.write_text("mine")
    running = Capturing(
        [server.camera(tmp_path, "door")], archive, segment_s=1, keep=KeepConfig(days=7)
    )
    until(lambda: len(segments(archive)) >= 2)
    running.stop()
    assert (old.exists(), notes.exists()) == (False, True)
