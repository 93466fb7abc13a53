"""Files that are no videos, or not whole: what is told, and what is still read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import pytest

from fer_core.config import SampleConfig
from fer_core.errors import NoFrames, NoVideoStream, UnreadableVideo, VideoError
from fer_core.sources.base import SourceStats
from fer_core.sources.truncation import missing_bytes
from fer_core.sources.video import VideoSource, probe
from fer_core.types import Frame
from tests.clips import Clip, cut, damage, read_number, write, write_sound

MS = Fraction(1, 1000)
TWO_SECONDS = tuple(range(0, 60 * 512, 512))
TWO_SECONDS_MS = tuple(round(index * 1000 / 30) for index in range(60))
KEYS = {"g": "10"}
INDEX_FIRST = {"movflags": "+faststart"}
NOBODY = 65534


def read_all(path: Path) -> tuple[list[Frame], SourceStats]:
    with VideoSource(path, SampleConfig(fps="all")) as source:
        return list(source.frames()), source.stats


def fails(path: Path, error: type[VideoError], *words: str) -> None:
    with pytest.raises(error) as caught:
        probe(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_missing_file(tmp_path: Path) -> None:
    fails(tmp_path / "gone.mp4", UnreadableVideo, "no such file")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    fails(path, UnreadableVideo, "0 bytes")


def test_directory(tmp_path: Path) -> None:
    fails(tmp_path, UnreadableVideo, "a directory")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    fails(path, UnreadableVideo, "no regular file")


@pytest.mark.parametrize("text", ["not a video\n" * 40, "a,b\n1,2\n" * 99, "\0" * 4096])
def test_text_named_mp4(text: str, tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text(text)
    fails(path, UnreadableVideo, "expected a video file", "copy it again")


def test_a_playlist_opens_no_other_files(tmp_path: Path) -> None:
    write(Clip("a.mp4", stamps=(0,)), tmp_path)
    listed = tmp_path / "list.mp4"
    listed.write_text("ffconcat version 1.0\nfile a.mp4\n")
    fails(listed, UnreadableVideo, "playlist")
    remote = tmp_path / "remote.mp4"
    remote.write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    fails(remote, UnreadableVideo)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root for a moment: root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(Clip("a.mp4", stamps=(0,)), tmp_path)
    path.chmod(0)
    with as_nobody():
        fails(path, UnreadableVideo, "no permission")


def test_sound_only(tmp_path: Path) -> None:
    fails(write_sound(tmp_path / "sound.mp4"), NoVideoStream, "found only audio")


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    fails(write_sound(tmp_path / "song.mp4", cover=True), NoVideoStream, "cover picture")


def test_header_without_pictures(tmp_path: Path) -> None:
    whole = write(Clip("a.mp4", muxer=INDEX_FIRST), tmp_path)
    data = whole.read_bytes()
    whole.write_bytes(data[: data.index(b"mdat") + 4])
    fails(whole, NoFrames, "not one could be decoded", "bytes are missing")


def test_an_mp4_that_lost_its_index(tmp_path: Path) -> None:
    fails(cut(write(Clip("a.mp4", stamps=TWO_SECONDS), tmp_path), 0.6), UnreadableVideo, "index")


CUT = [
    Clip("a.mp4", stamps=TWO_SECONDS, options=KEYS, muxer=INDEX_FIRST, sound="aac"),
    Clip("a.mkv", stamps=TWO_SECONDS_MS, time_base=MS, options=KEYS),
    Clip("a.webm", "libvpx-vp9", stamps=TWO_SECONDS_MS, time_base=MS, options={"cpu-used": "8"}),
    Clip("a.avi", "mpeg4", stamps=tuple(range(60)), time_base=Fraction(1, 30)),
    Clip("a.gif", "gif", stamps=tuple(range(0, 300, 5)), time_base=MS * 10, pix_fmt="rgb8"),
]


@pytest.mark.parametrize("clip", CUT, ids=lambda clip: clip.name)
def test_a_truncated_file_is_read_up_to_the_cut(clip: Clip, tmp_path: Path) -> None:
    whole = write(clip, tmp_path)
    short = cut(whole, 0.6)
    assert missing_bytes(whole) == 0
    assert missing_bytes(short) > 0
    frames, stats = read_all(short)
    assert 10 < len(frames) < 58
    assert [frame.frame_index for frame in frames] == list(range(len(frames)))
    assert [read_number(frame.luma) for frame in frames[:-2]] == list(range(len(frames) - 2))
    assert stats.damage is not None
    assert stats.damage.startswith("truncated: ends at")


def test_damaged_packets_in_the_middle_are_counted_and_passed(tmp_path: Path) -> None:
    clip = Clip("a.mp4", stamps=TWO_SECONDS, options=KEYS)
    broken = damage(write(clip, tmp_path), range(25, 28))
    frames, stats = read_all(broken)
    assert stats.frames_corrupt > 0
    assert stats.damage is not None
    assert " s" in stats.damage
    shown = {frame.frame_index: read_number(frame.luma) for frame in frames}
    assert [shown[index] for index in range(20)] == list(range(20))
    assert [shown[index] for index in range(40, 60)] == list(range(40, 60))
    times = {frame.frame_index: frame.time_s for frame in frames}
    assert times == {index: pytest.approx(index / 30) for index in times}


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_frames_lost_at_the_very_end_are_counted(codec: str, tmp_path: Path) -> None:
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else KEYS
    broken = damage(write(Clip("a.mp4", codec, options=quiet), tmp_path), [29])
    frames, stats = read_all(broken)
    assert len(frames) + stats.frames_corrupt >= 30
    assert len(frames) < 30
    assert stats.damage is not None


def test_a_matroska_that_becomes_unreadable_says_so(tmp_path: Path) -> None:
    stamps = tuple(range(0, 4000, 33))
    path = write(Clip("a.mkv", stamps=stamps, time_base=MS), tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:] = b"\x55" * (len(data) - middle)
    path.write_bytes(data)
    frames, stats = read_all(path)
    assert 10 < len(frames) < len(stamps)
    assert stats.damage is not None


def test_of_two_frames_at_one_time_the_second_is_left_out(tmp_path: Path) -> None:
    clip = Clip("a.mkv", "mjpeg", stamps=(0, 33, 67, 100), time_base=MS, pix_fmt="yuvj420p")
    twice = tmp_path / "twice.mkv"
    with av.open(str(write(clip, tmp_path))) as source, av.open(str(twice), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts = packet.dts = 33 if packet.pts == 67 else packet.pts
                packet.stream = stream
                target.mux(packet)
    frames, stats = read_all(twice)
    assert [read_number(frame.luma) for frame in frames] == [0, 1, 3]
    assert [frame.frame_index for frame in frames] == [0, 1, 3]
    assert (stats.frames_corrupt, stats.frames_decoded) == (1, 4)
    assert stats.damage == "picture whose time stamp does not rise at 0.033 s"


def test_size_may_change_midway(tmp_path: Path) -> None:
    small = write(Clip("a.ts", size=(160, 96)), tmp_path)
    large = write(
        Clip("b.ts", size=(320, 192), stamps=tuple(range(40 * 512, 70 * 512, 512))), tmp_path
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames, _ = read_all(joined)
    sizes = [frame.luma.shape for frame in frames]
    assert set(sizes) == {(96, 160), (192, 320)}
    assert all(read_number(frame.luma) == index % 30 for index, frame in enumerate(frames))
