"""Videos from a real S3 server, and datasets into it."""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import fer_core
from fer_core import Engine, ProcessConfig
from fer_core.batch import plan
from fer_core.errors import InputError
from fer_core.inputs import find_videos
from fer_core.ledger import Todo, VideoSummary
from fer_core.paths import to_path
from fer_core.queries.sql import query
from fer_core.report.pages import original
from fer_core.report.thumbnails import thumbnails_of
from fer_core.s3 import S3Path, objects_below, upload
from fer_core.sources.container import open_container
from fer_core.status import status
from fer_core.types import video_id
from tests.cli.command import fer
from tests.real import s3_server
from tests.real.conftest import FAST

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

VARIABLES = {
    "AWS_ACCESS_KEY_ID": s3_server.KEY,
    "AWS_SECRET_ACCESS_KEY": s3_server.SECRET,
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
RANK = ["pts", "face_index"]
OF_THE_PLACE = ["source", "video_id"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server.running(tmp_path_factory.mktemp("s3")) as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def environment(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def archive(sample_videos: list[Path], request: pytest.FixtureRequest) -> S3Path:
    """Two videos, and what is none, under a prefix of this test's own."""
    prefix = S3Path(f"s3://archive/{request.node.name}")
    for video in sample_videos[:2]:
        upload(video, S3Path(prefix / "in" / "door" / video.name))
        upload(video, S3Path(prefix / "in" / ".hidden" / video.name))
    return prefix


def process(archive: S3Path, *more: str) -> dict[str, object]:
    run = fer("process", archive / "in", "--out", archive / "out", "--json", *more)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def todo(archive: S3Path, render: bool) -> list[Todo]:
    config = ProcessConfig.model_validate({"render": {"enabled": render}})
    return [one.todo for one in plan([str(archive / "in")], archive / "out", config)]


def records(directory: Path | str) -> pd.DataFrame:
    rows = fer_core.load_records(directory)
    rows = rows.sort_values(["source", *RANK]).reset_index(drop=True)
    return rows.drop(columns=OF_THE_PLACE)


def test_from_s3_to_s3_is_as_from_disk_to_disk(
    archive: S3Path, sample_videos: list[Path], engine: Engine, tmp_path: Path
) -> None:
    summary = process(archive)
    assert (summary["ok"], summary["videos"]) == (2, 2)

    for video in sample_videos[:2]:
        fer_core.analyse(video, tmp_path / "out", engine, FAST)
    pd.testing.assert_frame_equal(
        records(str(archive / "out")), records(tmp_path / "out"), check_exact=False, atol=0.01
    )
    there = [path.relative_to(archive / "out").parts for path in objects_below(archive / "out")]
    by_table = Counter(parts[0] for parts in there)
    assert by_table == {"annotated": 2, "records": 2, "videos": 2, "settings": 1}
    assert ("annotated", "door", sample_videos[0].name) in there

    copies = [path for path in (tmp_path / "cache").rglob("*.[mp]*") if path.is_file()]
    assert {path.parent.name for path in copies} == {"videos"}

    rows = query(str(archive / "out"), "SELECT count(DISTINCT source) AS n FROM videos")
    assert rows.read_all().to_pylist() == [{"n": 2}]
    told = status(archive / "out", [str(archive / "in")])
    assert told.pending is not None
    assert (told.done.videos, told.pending.videos) == (2, 0)


def test_a_second_run_does_nothing_and_a_lost_working_directory_is_no_loss(
    archive: S3Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process(archive, "--no-render")["done_before"] == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert todo(archive, render=False) == [Todo.NOTHING, Todo.NOTHING]

    assert todo(archive, render=True) == [Todo.RENDER, Todo.RENDER]
    assert process(archive)["ok"] == 2  # from the records that are there
    assert len(objects_below(S3Path(archive / "out" / "annotated"))) == 2
    assert todo(archive, render=True) == [Todo.NOTHING, Todo.NOTHING]

    [some, _] = objects_below(S3Path(archive / "out" / "records"))
    some.unlink()
    assert Counter(todo(archive, render=True)) == {Todo.NOTHING: 1, Todo.ANALYSE: 1}


def test_key_frames_alone_are_fetched_where_nothing_else_is_wanted(
    face_clip: Path,
    engine: Engine,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    video = S3Path(f"s3://archive/{request.node.name}/face.mp4")
    upload(face_clip, video)
    config = ProcessConfig.model_validate(
        {"device": "cpu", "sample": {"fps": "keyframes"}, "render": {"enabled": False}}
    )
    here = fer_core.analyse(face_clip, tmp_path / "here", engine, config)
    with caplog.at_level(logging.DEBUG, "fer_core.s3"):
        there = fer_core.analyse(str(video), tmp_path / "there", engine, config)
    assert (there.status, there.faces) == (here.status, here.faces)
    pd.testing.assert_frame_equal(
        records(tmp_path / "there"), records(tmp_path / "here"), check_exact=False, atol=0.01
    )
    spans = [r.args for r in caplog.records if isinstance(r.args, tuple) and r.args[0] == video]
    fetched = sum(int(str(end)) - int(str(start)) for _, start, end in spans)
    assert 0 < fetched < face_clip.stat().st_size / 2


def test_reading_on_takes_few_requests(
    face_clip: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    video = S3Path(f"s3://archive/{request.node.name}/face.mp4")
    upload(face_clip, video)
    with caplog.at_level(logging.DEBUG, "fer_core.s3"), open_container(video) as container:
        packets = sum(1 for packet in container.demux() if packet.size)
    assert packets > 50 * len(caplog.records)


def test_what_cannot_be_reached_says_why(
    sample_videos: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def reason(text: str) -> str:
        with pytest.raises(InputError) as caught:
            find_videos([text], tmp_path)
        assert s3_server.SECRET not in str(caught.value)
        return str(caught.value)

    assert "no such object" in reason("s3://archive/nothing/here")
    assert "no such bucket" in reason("s3://no-such-bucket/videos")
    with pytest.raises(InputError, match="no such bucket"):
        plan([str(sample_videos[0])], S3Path("s3://no-such-bucket/out"), FAST)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-else")
    assert "AWS_ACCESS_KEY_ID" in reason("s3://archive/none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "AWS_ENDPOINT_URL" in reason("s3://archive/none")


def test_a_path_in_s3_is_told_as_it_was_written() -> None:
    path = to_path("s3://archive/door/monday.mp4")
    assert str(path) == os.fspath(path) == "s3://archive/door/monday.mp4"
    assert to_path(str(Path("s3://archive/door/monday.mp4"))) == path


def test_pictures_of_faces_come_out_of_s3(archive: S3Path) -> None:
    source = str(archive / "in" / "door" / "zoom.mp4")
    row = VideoSummary(video_id(source), source, "ok")
    box = {"box_x": 250, "box_y": 80, "box_w": 120, "box_h": 140}
    face = pd.DataFrame([{"track_id": 3, "pts": 0, "confidence": 0.9, **box}])
    pictures, fault = thumbnails_of(row, face)
    assert (list(pictures), fault) == ([3], None)
    gone = VideoSummary(row.video_id, source + ".gone", "ok")
    none, fault = thumbnails_of(gone, face)
    assert (none, "no such" in (fault or "")) == ({}, True)
    assert original(row) is None, "a page cannot play it"
