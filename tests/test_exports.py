"""Files for other programs, read back by readers of those formats."""

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pysubs2
import pytest

from fer_core.errors import ConfigError
from fer_core.exports import export
from fer_core.sample_week import make_sample_week
from fer_core.trust import FaceFilter
from tests.cli.command import fer
from tests.examples import tracked_frame, video, write_records

DOOR = "/archive/door/20261102_080000.mp4"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    make_sample_week(tmp_path / "week")
    return tmp_path / "week"


@pytest.mark.parametrize("to", ["srt", "vtt"])
def test_subtitles_say_who_shows_what_when(out: Path, to: str) -> None:
    [file] = export(out, to, source=DOOR)
    assert file == out / "exports" / "door" / f"20261102_080000.{to}"
    events = pysubs2.load(str(file))
    angry = [event for event in events if "#1 angry" in event.plaintext]
    assert angry[0].start / 1000 == pytest.approx(14, abs=0.5)
    assert angry[-1].end / 1000 == pytest.approx(26, abs=0.5)
    together = next(event for event in events if event.start <= 20_000 < event.end)
    assert [line.split()[:2] for line in together.plaintext.splitlines()] == [
        ["#0", "neutral"],
        ["#1", "angry"],
    ]
    assert not [event for event in events if event.start < 1900 or event.end > 41_000]
    for before, after in itertools.pairwise(events):
        assert before.end <= after.start


def test_labels_follow_the_faces_in_their_colours(out: Path) -> None:
    [file] = export(out, "ass", source=DOOR)
    labels = pysubs2.load(str(file))
    assert (labels.info["PlayResX"], labels.info["PlayResY"]) == ("1280", "720")
    assert {event.style for event in labels} == {"neutral", "happy", "angry", "sad"}
    assert labels.styles["happy"].primarycolor == pysubs2.Color(0xF0, 0xE4, 0x42)
    assert r"\pos(400,80)" in next(e.text for e in labels if "#1" in e.text)


@pytest.mark.parametrize("to", ["srt", "vtt", "ass"])
def test_ffmpeg_reads_the_subtitles(out: Path, to: str) -> None:
    probe = shutil.which("ffprobe")
    if probe is None:
        pytest.skip("needs ffprobe (Debian's package ffmpeg)")
    for file in export(out, to):
        subprocess.run([probe, "-v", "error", "-show_packets", file], check=True, timeout=60)


def test_csv_has_a_row_a_face(out: Path) -> None:
    [file] = export(out, "csv", source=DOOR)
    table = pd.read_csv(file)
    assert len(table) == 290
    assert table.clock_s.min() == 2.0
    assert table.filter(like="p_").sum(axis=1).to_list() == pytest.approx([1] * 290, abs=1e-4)


def test_json_has_facts_episodes_and_timeline(out: Path) -> None:
    [file] = export(out, "json", source=DOOR)
    facts = json.loads(file.read_text())
    assert facts["camera"] == "door"
    assert [e["emotion"] for e in facts["episodes"] if e["track_id"] == 1] == [
        "neutral",
        "angry",
        "sad",
    ]
    assert facts["timeline"][0]["time_s"] == 2.0


def test_faces_not_to_be_trusted_are_left_out(out: Path) -> None:
    assert export(out, "csv", faces=FaceFilter(min_side=1000)) == []


def test_times_begin_with_the_video(tmp_path: Path) -> None:
    from fer_core.ledger import VideoSummary, write_row

    ref = video("late.mp4")
    frames = [tracked_frame(i, 1, time_s=3600 + i / 5) for i in range(10)]
    write_records(tmp_path, ref, frames)
    write_row(tmp_path, VideoSummary(ref.video_id, ref.source, "ok", start_time_s=3600.0))
    [file] = export(tmp_path, "csv")
    assert pd.read_csv(file).clock_s.iloc[[0, -1]].to_list() == [0.0, 1.8]


def test_an_unknown_format_is_said(out: Path) -> None:
    with pytest.raises(ConfigError, match="expected one of csv, srt, vtt, ass, json"):
        export(out, "docx")


def test_the_command_names_its_files(out: Path) -> None:
    result = fer("export", out, "--to", "vtt", "--source", DOOR)
    assert result.stdout == f"{out}/exports/door/20261102_080000.vtt\n"
    assert (result.returncode, result.stderr) == (0, "")
