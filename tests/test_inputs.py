"""Which videos INPUT means."""

import json
import os
import subprocess
import sys
from pathlib import Path, PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.config import VIDEO_EXTENSIONS
from fer_core.errors import InputError
from fer_core.inputs import find_videos
from fer_core.paths import printable, to_path, to_text
from tests.cli.command import AS_ANYBODY, environment, needs_permissions

OUT = Path("/nowhere/out")


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def relatives(*inputs: str | Path, out: Path = OUT) -> list[str]:
    return [str(video.relative) for video in find_videos([str(text) for text in inputs], out)]


def test_a_directory_is_searched_to_its_depths_for_known_extensions(tmp_path: Path) -> None:
    touch(tmp_path / "b.mp4", tmp_path / "a" / "deep" / "x.MKV", tmp_path / "notes.txt")
    touch(tmp_path / "mp4", tmp_path / "a" / "b.Gif")
    assert relatives(tmp_path) == ["a/b.Gif", "a/deep/x.MKV", "b.mp4"]


def test_every_known_extension_is_known(tmp_path: Path) -> None:
    touch(*(tmp_path / f"v{extension}" for extension in VIDEO_EXTENSIONS))
    assert len(relatives(tmp_path)) == len(VIDEO_EXTENSIONS)


def test_hidden_names_are_left_out_unless_named(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4", tmp_path / ".b.mp4", tmp_path / ".cache" / "c.mp4")
    assert relatives(tmp_path) == ["a.mp4"]
    assert relatives(tmp_path / ".cache", tmp_path / ".b.mp4") == ["c.mp4", ".b.mp4"]


def test_the_output_directory_is_not_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    touch(tmp_path / "a.mp4", out / "annotated" / "a.mp4")
    assert relatives(tmp_path, out=out) == ["a.mp4"]
    assert relatives(f"{tmp_path}/**", out=out) == ["a.mp4"]


def test_output_beside_the_recordings_themselves(tmp_path: Path) -> None:
    touch(tmp_path / "door" / "a.mp4", tmp_path / "annotated" / "door" / "a.mp4")
    assert relatives(tmp_path, out=tmp_path) == ["door/a.mp4"]


def test_output_reached_through_a_link_is_not_input(tmp_path: Path) -> None:
    out = tmp_path / "real-out"
    touch(out / "annotated" / "a.mp4", tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "results").symlink_to(out)
    assert relatives(tmp_path / "in", out=out) == ["a.mp4"]


def test_annotated_videos_can_be_named(tmp_path: Path) -> None:
    annotated = tmp_path / "out" / "annotated"
    touch(annotated / "a.mp4")
    assert relatives(annotated, out=tmp_path / "out") == ["a.mp4"]


def test_a_file_named_outright_is_tried_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path / "recording.dav", tmp_path / "plain")
    assert relatives(tmp_path / "recording.dav", tmp_path / "plain") == ["recording.dav", "plain"]


def test_globs_keep_the_path_below_their_fixed_part(tmp_path: Path) -> None:
    touch(tmp_path / "cam1" / "2026" / "a.mp4", tmp_path / "cam2" / "2026" / "b.mp4")
    touch(tmp_path / "cam1" / "2026" / "a.txt")
    assert relatives(f"{tmp_path}/*/2026/*") == ["cam1/2026/a.mp4", "cam2/2026/b.mp4"]
    assert relatives(f"{tmp_path}/**/*.mp4") == ["cam1/2026/a.mp4", "cam2/2026/b.mp4"]
    assert relatives(f"{tmp_path}/cam?") == ["cam1/2026/a.mp4", "cam2/2026/b.mp4"]


def test_a_glob_takes_the_extension_that_it_spells_out(tmp_path: Path) -> None:
    touch(tmp_path / "a.dav", tmp_path / "b.txt")
    assert relatives(f"{tmp_path}/*.dav") == ["a.dav"]


def test_a_relative_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.mp4")
    monkeypatch.chdir(tmp_path)
    assert find_videos(["*.mp4"], OUT)[0].path == tmp_path / "a.mp4"


def test_a_name_with_glob_characters_is_a_name_first(tmp_path: Path) -> None:
    touch(tmp_path / "a[1].mp4", tmp_path / "a1.mp4")
    assert relatives(tmp_path / "a[1].mp4") == ["a[1].mp4"]


def test_duplicates_come_once(tmp_path: Path) -> None:
    touch(tmp_path / "d" / "a.mp4")
    (tmp_path / "d" / "z.mp4").symlink_to(tmp_path / "d" / "a.mp4")
    (tmp_path / "link").symlink_to(tmp_path / "d")
    inputs = [str(tmp_path / "d"), str(tmp_path / "link"), f"{tmp_path}/d/*.mp4"]
    assert [video.path for video in find_videos(inputs, OUT)] == [tmp_path / "d" / "a.mp4"]


def test_loops_of_links_end_and_real_names_win(tmp_path: Path) -> None:
    touch(tmp_path / "z" / "a.mp4")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    assert relatives(tmp_path) == ["z/a.mp4"]


def test_dots_in_a_path_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.mp4", tmp_path / "sub" / "b.mp4")
    monkeypatch.chdir(tmp_path / "sub")
    assert find_videos(["../a.mp4"], OUT)[0].path == tmp_path / "a.mp4"


@pytest.mark.parametrize(
    "name", ["with space.mp4", "-o.mp4", "größe 漢字 🎬.mp4", "new\nline.mp4", "\udcff\udcfe.mp4"]
)
def test_strange_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert relatives(tmp_path) == relatives(name) == relatives(to_text(name)) == [name]


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    for text, said in {
        "missing.mp4": "cannot read missing.mp4: No such file or directory",
        f"{tmp_path}/empty": "no video found in",
        f"{tmp_path}/*.mkv": "nothing matches",
        f"{tmp_path}/pipe.mp4": "no file and no directory",
        "": "an empty INPUT",
        "nul\0.mp4": "null",
        "rtsp://camera/1": "No such file",
    }.items():
        with pytest.raises(InputError, match=said):
            find_videos([text], OUT)


def test_one_missing_path_among_others_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    with pytest.raises(InputError, match=r"b\.mp4"):
        find_videos([str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")], OUT)


SEARCH = """
import json, sys
from pathlib import Path
from fer_core.inputs import find_videos
told = []
videos = find_videos(sys.argv[1:], Path("/nowhere/out"), lambda *what: told.append(what))
names = [str(video.relative) for video in videos]
json.dump([names, [(str(place.relative), why) for place, why in told]], sys.stdout)
"""


def search_as_anybody(*inputs: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_ANYBODY, sys.executable, "-c", SEARCH, *map(str, inputs)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@needs_permissions
def test_a_directory_without_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    touch(tmp_path / "a.mp4", closed / "b.mp4")
    (tmp_path / "link.mp4").symlink_to(closed / "b.mp4")
    (tmp_path / "link").symlink_to(closed / "sub")
    closed.chmod(0)
    told = [["closed", "cannot be searched: Permission denied"]]
    try:
        found = search_as_anybody(tmp_path)
        assert json.loads(found.stdout) == [["a.mp4", "link.mp4"], told], found.stderr
        found = search_as_anybody(f"{tmp_path}/*")
        assert json.loads(found.stdout) == [["a.mp4", "link.mp4"], told], found.stderr
        named = search_as_anybody(closed)
        assert f"InputError: {closed} cannot be searched: Permission denied" in named.stderr
    finally:
        closed.chmod(0o700)


def test_links_that_lead_nowhere_stop_nothing_and_are_taken_for_videos(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    for name, target in {"loop.mp4": "loop.mp4", "lost.mp4": "gone", "lost.txt": "gone"}.items():
        (tmp_path / name).symlink_to(target)
    (tmp_path / "loop").symlink_to("loop")
    assert relatives(tmp_path) == ["a.mp4", "loop.mp4", "lost.mp4"]
    assert relatives(f"{tmp_path}/*") == ["a.mp4", "loop.mp4", "lost.mp4"]


@pytest.mark.parametrize("where", ["", "/*.mp4"])
def test_a_file_wins_over_links_to_it(tmp_path: Path, where: str) -> None:
    touch(tmp_path / "z.mp4")
    (tmp_path / "a.mp4").symlink_to("z.mp4")
    assert relatives(f"{tmp_path}{where}") == ["z.mp4"]


def test_typescript_is_no_video_unless_named(tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text("export const answer: number = 42;\n" * 20)
    (tmp_path / "cut.ts").write_bytes(b"the end of a packet" + b"\x47\0\0" + bytes(185))
    assert relatives(tmp_path) == ["cut.ts"]
    assert relatives(f"{tmp_path}/*.ts") == ["app.ts", "cut.ts"]
    assert relatives(tmp_path / "app.ts") == ["app.ts"]


def test_sources_are_absolute_and_the_same_in_every_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "d" / "a.mp4")
    monkeypatch.chdir(tmp_path)
    spellings = ["d", "./d", "d/", "d/a.mp4", "d/*", "./d/../d/a.mp4", to_text(tmp_path / "d")]
    sources = {find_videos([spelling], OUT)[0].source for spelling in spellings}
    assert sources == {str(tmp_path / "d" / "a.mp4")}


NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: b"/" not in name and b"\0" not in name and not name.startswith(b".")
)


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.randoms())
@settings(max_examples=60)
def test_any_file_names(tmp_path_factory: pytest.TempPathFactory, names, random) -> None:
    directory = tmp_path_factory.mktemp("any")
    files = [os.fsdecode(name) + ".mp4" for name in names]
    random.shuffle(files)
    touch(*(directory / file for file in files))
    found = find_videos([str(directory)], OUT)
    assert [video.relative for video in found] == sorted(map(PurePath, files))
    assert find_videos([to_text(video.path) for video in found], OUT) == [
        type(video)(video.path, PurePath(video.path.name)) for video in found
    ]


@given(NAMES)
def test_text_of_a_path_is_unicode_and_reads_back(name: bytes) -> None:
    path = Path("/somewhere") / os.fsdecode(name)
    text = to_text(path)
    text.encode()
    printable(path).encode()
    assert to_path(text) == path
