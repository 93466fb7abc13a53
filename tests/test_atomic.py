"""Files that are whole or not there."""

from pathlib import Path

import pytest

from fer_core.atomic import atomic_file


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
    with atomic_file(path) as temporary:
        left_behind = temporary
        temporary.write_text("whole")
    left_behind.write_text("half")
    with atomic_file(path) as temporary:
        temporary.write_text("whole again")
    assert list(tmp_path.iterdir()) == [path]
