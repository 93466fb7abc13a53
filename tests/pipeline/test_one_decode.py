"""Where every frame is looked at, one decode makes both: records and the same annotated video."""

import threading
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from fer_core import analyse, load_records
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.ledger import decide
from fer_core.pipeline import Progress, process
from fer_core.settings import load_config
from fer_core.types import VideoRef
from tests.clips import cut, damage

EVERY_FRAME = load_config(
    ProcessConfig, overrides=["sample.fps=all", "device=cpu", "render.preset=ultrafast"]
)
PACKETS = 60


def remux(source: Path, path: Path, time: Callable[[int], int], rotation: int = 0) -> Path:
    """The first packets of a video with their sound, at other times, to be turned by players."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        if rotation:
            new.streams.video[0].set_display_rotation(rotation)
        pictures = 0
        for packet in old.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "video":
                pictures += 1
                packet.pts, packet.dts = time(packet.pts), time(packet.dts)
            packet.stream = streams[packet.stream_index]
            new.mux(packet)
            if pictures == PACKETS:
                break
    return path


def steady(stamp: int) -> int:
    return stamp


def slowing_down(stamp: int) -> int:
    return stamp + max(0, stamp) ** 2 // 40_000


@pytest.fixture(params=["steady", "uneven-turned", "damaged", "cut"])
def clip(request: pytest.FixtureRequest, sample_videos: list[Path], tmp_path: Path) -> Path:
    """A face with sound: as it is, turned at uneven times, with lost packets, and cut off."""
    if request.param == "uneven-turned":
        return remux(sample_videos[0], tmp_path / "uneven.mp4", slowing_down, rotation=90)
    plain = remux(sample_videos[0], tmp_path / "plain.mkv", steady)
    if request.param == "damaged":
        return damage(plain, range(40, 44))
    return cut(plain, 0.8) if request.param == "cut" else plain


def test_both_ways_make_the_same_file(clip: Path, engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    row = analyse(clip, out, engine, EVERY_FRAME)
    assert row.annotated is not None
    annotated = out / row.annotated
    in_one_decode = annotated.read_bytes()
    assert row.faces > 20
    annotated.unlink()
    [decision] = decide([VideoRef.of(clip)], out, engine.settings_hash, render=True)
    again = process(decision, out, engine, EVERY_FRAME)
    assert annotated.read_bytes() == in_one_decode
    assert (again.status, again.error) == (row.status, row.error)
    with av.open(str(annotated)) as made:
        assert made.streams.audio
        assert sum(1 for _ in made.decode(video=0)) == row.frames_sampled


def test_records_are_kept_where_the_annotated_video_cannot_be_written(
    sample_videos: list[Path], engine: Engine, tmp_path: Path
) -> None:
    clip = remux(sample_videos[0], tmp_path / "a.mp4", steady)
    out = tmp_path / "out"
    out.mkdir()
    (out / "annotated").write_text("in the way")
    row = analyse(clip, out, engine, EVERY_FRAME)
    assert (row.status, row.annotated) == ("partial", None)
    assert row.error is not None
    assert row.error.startswith("no annotated video: ")
    assert load_records(out).pts.nunique() == row.frames_sampled == PACKETS


def test_a_stop_in_the_middle_leaves_nothing_half_and_no_thread(
    sample_videos: list[Path], engine: Engine, tmp_path: Path
) -> None:
    clip = remux(sample_videos[0], tmp_path / "a.mp4", steady)
    before = set(threading.enumerate())

    def stop(progress: Progress) -> None:
        if progress.frames == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyse(clip, tmp_path / "out", engine, EVERY_FRAME, on_progress=stop)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert set(threading.enumerate()) <= before
