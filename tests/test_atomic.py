"""Files that are whole or not there."""

import subprocess
import sys
from pathlib import Path

import pytest

from fer_core.atomic import atomic_directory, atomic_file

WRITE_AND_HANG = """
import sys
from pathlib import Path
from fer_core.atomic import atomic_file
with atomic_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("theirs")
    print("half", flush=True)
    sys.stdin.readline()
"""


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with atomic_file(path) as temporary:
        temporary.write_text("a,b")
        assert not path.exists()
        assert temporary.suffix == ".csv"
    assert path.read_text() == "a,b"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def write() -> None:
        with atomic_file(path) as temporary:
            temporary.write_text("ha")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_behind_goes_with_the_next_writing(tmp_path: Path) -> None:
    path = tmp_path / ("長い名前" * 20 + ".mp4")
    killed = subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_HANG, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout
    assert killed.stdout.readline() == b"half\n"
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 1
    other = tmp_path / "other.csv"
    with atomic_file(other) as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [other]


def test_two_processes_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    command = [sys.executable, "-c", WRITE_AND_HANG, path]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout
    assert other.stdout.readline() == b"half\n"
    with atomic_file(path) as temporary:
        temporary.write_text("ours")
    assert path.read_text() == "ours"
    other.communicate(b"\n")
    assert other.returncode == 0
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_replaced_as_a_whole(tmp_path: Path):
    path = tmp_path / "models" / "mine"
    for name in ("first", "second"):
        with atomic_directory(path) as temporary:
            assert temporary.name == "mine"
            (temporary / name).touch()
    assert [file.name for file in path.iterdir()] == ["second"]
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_directory_as_it_was(tmp_path: Path):
    path = tmp_path / "mine"
    path.mkdir()
    (path / "first").touch()
    with pytest.raises(FileNotFoundError), atomic_directory(path) as temporary:
        (temporary / "missing" / "second").touch()
    assert [file.name for file in path.iterdir()] == ["first"]
    assert list(tmp_path.iterdir()) == [path]
