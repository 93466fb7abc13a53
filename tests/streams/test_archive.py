"""What an archive keeps, saves and is called, without a camera."""

from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from fer_core.capture_time import capture_from_name
from fer_core.config import ArchiveConfig
from fer_core.streams.retention import KeepConfig, prune
from fer_core.streams.salvage import salvage
from fer_core.streams.segment import Segment
from tests.clips import Clip, cut, write

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make(archive: Path, *names: str, size: int = 1000) -> None:
    for name in names:
        path = archive / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def left(archive: Path) -> list[str]:
    return sorted(str(path.relative_to(archive)) for path in archive.rglob("*") if path.is_file())


NAMES = (
    "door/2026-11-10/23-59-59Z.mp4",
    "door/2026-11-19/08-00-00Z.mp4",
    "yard/2026-11-13/12-00-01Z.mkv",
    "yard/2026-11-20/11-00-00Z-1.mp4",
)


def test_nothing_goes_unless_asked_for(tmp_path: Path) -> None:
    make(tmp_path, *NAMES)
    assert prune(tmp_path, KeepConfig(), NOW) == []
    assert left(tmp_path) == sorted(NAMES)


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    make(tmp_path, *NAMES, "door/2026-11-10/notes.txt", "door/2026-11-09/holiday.mp4")
    prune(tmp_path, KeepConfig(days=7), NOW)
    rest = ["door/2026-11-09/holiday.mp4", "door/2026-11-10/notes.txt", *NAMES[1:]]
    assert left(tmp_path) == sorted(rest)


def test_the_oldest_of_all_cameras_go_until_the_rest_fits(tmp_path: Path) -> None:
    make(tmp_path, *NAMES)
    prune(tmp_path, KeepConfig(gb=2500 / 1e9), NOW)
    assert left(tmp_path) == sorted([NAMES[1], NAMES[3]])
    assert not (tmp_path / "yard/2026-11-13").exists()


@pytest.mark.parametrize(
    ("suffix", "container", "sound"),
    [("mp4", "mp4", "aac"), ("mkv", "mkv", "aac"), ("mp4", "mov", "pcm_alaw")],
)
def test_a_cut_file_is_saved_up_to_the_cut(
    tmp_path: Path, suffix: str, container: str, sound: str
) -> None:
    muxer = {} if suffix == "mkv" else {"movflags": "frag_keyframe+empty_moov"}
    options = {"g": "5", "bf": "0"}
    whole = write(Clip(f"clip.{container}", muxer=muxer, options=options, sound=sound), tmp_path)
    day = tmp_path / "door" / "2026-11-01"
    day.mkdir(parents=True)
    unfinished = day / f".12-30-00Z.open.{suffix}"
    cut(whole, 0.6).rename(unfinished)
    (day / f".13-00-00Z.open.{suffix}").write_bytes(b"nothing that could be read")
    (day / ".keep").write_text("not ours")
    assert salvage(tmp_path / "door") == [day / f"12-30-00Z.{suffix}"]
    assert sorted(path.name for path in day.iterdir()) == [".keep", f"12-30-00Z.{suffix}"]
    with av.open(str(day / f"12-30-00Z.{suffix}")) as saved:
        assert 5 <= sum(1 for _ in saved.decode(video=0)) < 30
    assert salvage(tmp_path / "door") == []


@pytest.mark.parametrize(
    ("source", "sound", "suffix"),
    [
        ("clip.mp4", "aac", ".mp4"),
        ("clip.mov", "pcm_alaw", ".mp4"),
        ("clip.mov", "pcm_mulaw", ".mp4"),
        ("clip.mkv", "flac", ".mkv"),
        ("clip.avi", "adpcm_ms", None),
    ],
)
def test_sound_is_kept_where_a_file_can_hold_it(
    tmp_path: Path, source: str, sound: str, suffix: str | None
) -> None:
    with av.open(str(write(Clip(source, options={"bf": "0"}, sound=sound), tmp_path))) as camera:
        segment = Segment(tmp_path, NOW, camera.streams.get(), 0)
        taken = [
            segment.add(packet, float(packet.pts * packet.time_base))
            for packet in camera.demux()
            if packet.pts is not None and packet.time_base
        ]
        path = segment.finish(NOW).path
    assert all(taken)
    assert segment.has_all == (suffix is not None)
    assert path.suffix == (suffix or ".mkv")
    with av.open(str(path)) as written:
        assert sum(1 for _ in written.decode(video=0)) == 30
    with av.open(str(path)) as written:
        kept = [stream.codec_context.name for stream in written.streams.audio]
    assert kept == ([sound] if suffix else [])


def test_a_segments_name_tells_camera_and_time() -> None:
    for name in ("door/2026-11-01/07-08-09Z.mp4", "door/2026-11-01/07-08-09Z-1.mkv"):
        named = capture_from_name(Path("/archive") / name, ArchiveConfig())
        assert named.camera == "door"
        assert named.captured_at == datetime(2026, 11, 1, 7, 8, 9, tzinfo=UTC)
    for name in ("door/2026-13-01/07-08-09Z.mp4", "door/07-08-09Z.mp4", "x/2026-11-01/a.mp4"):
        assert capture_from_name(Path("/archive") / name, ArchiveConfig()).captured_at is None


def test_a_pattern_of_ones_own_goes_first() -> None:
    config = ArchiveConfig(pattern=r"(?P<camera>archive)")
    path = Path("/archive/door/2026-11-01/07-08-09Z.mp4")
    assert capture_from_name(path, config).camera == "archive"
