"""What goes wrong with cameras, each with a real server: how it ends, and what `streams/` says."""

import signal
from collections.abc import Callable
from pathlib import Path

import av
import pandas as pd
import pytest

from fer_core import load_records
from tests.clips import Clip, write
from tests.real.rtsp import Server, camera, until
from tests.real.tailing import Tailing, check_truth

pytestmark = pytest.mark.real

Serve = Callable[..., Server]
Start = Callable[..., Tailing]

NOBODY = "rtsp://127.0.0.1:9/door"
"""Nothing listens on the discard port."""


@pytest.fixture(scope="module")
def headless_clip(face_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stream without a key frame: each of its pictures refers to one that never comes."""
    path = tmp_path_factory.mktemp("headless") / "headless.mp4"
    with av.open(str(face_clip)) as whole, av.open(str(path), "w") as rest:
        stream = rest.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size and not packet.is_keyframe:
                packet.stream = stream
                rest.mux(packet)
    return path


def test_a_server_is_killed_and_comes_back_twice(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(server.camera(tmp_path, "door"))
    running.wait_for_frames()
    for turn in (1, 2):
        server.kill()
        running.wait_for_end("refused", turn)
        server.start()
        running.wait_for_return(turn)
    [result] = running.stop()
    records, rows = check_truth(running.out), running.rows
    lived = rows[rows["frames_received"] > 0]
    assert len(lived) == 3
    assert set(lived["ended"][:-1]) <= {"ended", "broken"}
    assert lived["ended"].iloc[-1] == "stopped"
    assert (result.reconnects, result.error) == (2, None)
    assert records["video_id"].nunique() == 1
    assert records["emotion"].notna().any()


def test_a_server_falls_silent_but_keeps_the_connection(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(server.camera(tmp_path, "door", stall_s=3, open_s=3))
    running.wait_for_frames()
    server.send(signal.SIGSTOP)
    running.wait_for_end("stalled")
    running.wait_for_end("timed out")
    server.send(signal.SIGCONT)
    running.wait_for_return()
    running.stop()
    check_truth(running.out)
    rows = running.rows
    first = rows.iloc[0]
    assert (first["ended"], rows["ended"].iloc[-1]) == ("stalled", "stopped")
    assert (first["ended_at"] - first["last_frame_at"]).total_seconds() >= 3
    assert rows[rows["ended"] == "timed out"]["frames_received"].sum() == 0


def test_pictures_that_cannot_be_decoded_are_a_stall(
    serve: Serve, tailing: Start, headless_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(headless_clip)}})
    running = tailing(server.camera(tmp_path, "door", stall_s=2))
    until(lambda: running.ended() == ["stalled"] and running.rows["attempts"][0] > 1)
    running.stop()
    row = running.rows.iloc[0]
    assert row["error"] == "door: no picture could be decoded for 2 s"
    assert row["frames_received"] == 0
    assert pd.isna(row["first_frame_at"])
    assert not (running.out / "records").exists()


def test_a_camera_comes_back_with_another_size_and_codec(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    options = {"x265-params": "log-level=none:keyint=15:bframes=0"}
    small = Clip("small.mp4", codec="libx265", size=(320, 192), options=options)
    other = {"file": str(write(small, tmp_path)), "codec": "h265"}
    server = serve({"door": {"file": str(face_clip)}})
    running = tailing(server.camera(tmp_path, "door"))
    running.wait_for_frames()
    server.kill()
    server.start({"door": other})
    until(lambda: "hevc" in set(running.rows["codec"].dropna()))
    running.stop()
    check_truth(running.out)
    lived = running.rows.dropna(subset="codec")
    shapes = list(zip(lived["codec"], lived["width"], lived["height"], strict=True))
    assert shapes[0] == ("h264", 640, 360)
    assert shapes[-1] == ("hevc", 320, 192)


def test_damaged_packets_are_counted_and_no_picture_is_made_of_them(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip), "damage": 0.0003}})
    running = tailing(server.camera(tmp_path, "door"))
    until(lambda: running.frames > 10 and running.statuses[0].snapshot().corrupt > 0)
    running.stop()
    check_truth(running.out)
    rows = running.rows
    assert rows["frames_corrupt"].sum() > 0
    assert rows["frames_sampled"].sum() < rows["frames_received"].sum()


def test_a_password_is_refused(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}}, password="right")
    url = server.url("door").replace("rtsp://", "rtsp://viewer:wr0ng@")
    running = tailing(camera(tmp_path, "door", url, retry_first_s=0.2))
    until(lambda: running.ended() == ["unauthorized"] and running.rows["attempts"][0] > 1)
    [result] = running.stop()
    assert (result.error or "").startswith("no frame came")
    [row] = running.rows.to_dict("records")
    assert "wr0ng" not in str(row)
    assert "password" in row["error"]
    assert not (running.out / "records").exists()


@pytest.mark.parametrize(("place", "kind"), [("nothing", "not found"), (None, "refused")])
def test_a_camera_does_not_exist(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path, place: str | None, kind: str
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    url = NOBODY if place is None else server.url(place)
    running = tailing(camera(tmp_path, "door", url, retry_first_s=0.2))
    until(lambda: running.ended() == [kind] and running.rows["attempts"][0] > 2)
    running.stop()
    [row] = running.rows.to_dict("records")
    assert row["started_at"] < row["ended_at"]
    assert row["frames_received"] == 0
    assert pd.isna(row["first_frame_at"])


def test_a_limit_of_attempts_ends_that_camera_alone(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    dead = camera(tmp_path, "dead", NOBODY, retry_first_s=0.2, attempts=2)
    running = tailing(server.camera(tmp_path, "door"), dead)
    running.wait_for_frames(20)
    door, gone = running.stop()
    assert door.error is None
    assert "given up after 2 attempts" in (gone.error or "")


def test_a_dead_camera_does_not_disturb_another(
    serve: Serve, tailing: Start, face_clip: Path, tmp_path: Path
) -> None:
    server = serve({"door": {"file": str(face_clip)}})
    silent = serve({"yard": {"file": str(face_clip)}})
    silent.send(signal.SIGSTOP)
    running = tailing(
        server.camera(tmp_path, "door"),
        silent.camera(tmp_path, "yard", name="yard", open_s=3),
        camera(tmp_path, "gate", NOBODY, retry_first_s=0.2),
    )
    until(lambda: running.statuses[0].snapshot().frames > 20)
    door, yard, gate = running.stop()
    assert (door.error, door.reconnects) == (None, 0)
    assert yard.frames == gate.frames == 0
    assert set(load_records(running.out)["camera"]) == {"door"}
    door_rows = running.rows[running.rows["camera"] == "door"]
    assert list(door_rows["ended"]) == ["stopped"]
