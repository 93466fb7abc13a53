"""Many rows are read quickly, and always as the files of `videos/` say."""

import os
import random
import tempfile
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core import ledger_files
from fer_core.ledger import VideoSummary, read_rows, row_path, write_row
from fer_core.ledger_files import CACHE

IDS = [f"{number:016x}" for number in range(6)]


@pytest.fixture(autouse=True)
def few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_files, "WORTH_KEEPING", 2)


def write(out: Path, video_id: str, faces: int, at_s: float = 1e9) -> None:
    """A row that was written at some time, long ago if not said otherwise."""
    write_row(out, VideoSummary(video_id, f"/in/{video_id}.mp4", "ok", faces=faces))
    os.utime(row_path(out, video_id), (at_s, at_s))


def faces(out: Path) -> dict[str, int]:
    return {video_id: row.faces for video_id, row in read_rows(out).items()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A dataset whose rows are all in the cache."""
    for number, video_id in enumerate(IDS):
        write(tmp_path, video_id, number)
    assert faces(tmp_path) == dict(zip(IDS, range(6), strict=True))
    assert pq.read_metadata(tmp_path / CACHE).num_rows == 6
    return tmp_path


def test_a_file_that_has_not_changed_is_not_opened_again(out: Path) -> None:
    path = row_path(out, IDS[0])
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert faces(out)[IDS[0]] == 0


def test_a_row_put_in_place_within_the_same_moment_is_seen(out: Path) -> None:
    before = row_path(out, IDS[3]).stat()
    write(out, IDS[3], 7)
    after = row_path(out, IDS[3]).stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
    assert faces(out)[IDS[3]] == 7


def test_rows_that_another_process_wrote_or_removed_are_seen(out: Path) -> None:
    other = "f" * 16
    row_path(out, IDS[1]).unlink()
    write(out, other, 9)
    assert faces(out) == {IDS[0]: 0, IDS[2]: 2, IDS[3]: 3, IDS[4]: 4, IDS[5]: 5, other: 9}


def test_a_damaged_cache_is_made_anew(out: Path) -> None:
    cache, whole = out / CACHE, (out / CACHE).read_bytes()
    spoilt = bytearray(whole)
    chance = random.Random(5)
    for place in chance.sample(range(len(whole)), 40):
        spoilt[place] ^= 0xFF
    for damage in (b"", b"no parquet at all", whole[: len(whole) // 2], bytes(spoilt)):
        cache.write_bytes(damage)
        assert faces(out) == dict(zip(IDS, range(6), strict=True))
        assert pq.read_metadata(cache).num_rows == 6


def test_a_cache_of_another_version_is_made_anew(out: Path) -> None:
    cache = out / CACHE
    pq.write_table(pq.read_table(cache).drop_columns("annotated"), cache)
    assert faces(out)[IDS[5]] == 5
    assert "annotated" in pq.read_schema(cache).names


def test_a_row_of_an_older_version_is_read(tmp_path: Path) -> None:
    write(tmp_path, IDS[0], 3)
    path = row_path(tmp_path, IDS[0])
    pq.write_table(pq.read_table(path).drop_columns("annotated"), path, compression="zstd")
    assert faces(tmp_path) == {IDS[0]: 3}


def test_rows_just_written_are_not_kept(tmp_path: Path) -> None:
    for number, video_id in enumerate(IDS):
        write(tmp_path, video_id, number, at_s=1e9 if number < 4 else 4e9)
    assert len(faces(tmp_path)) == 6
    assert pq.read_metadata(tmp_path / CACHE).num_rows == 4


def test_a_row_in_another_rows_place_does_not_count(out: Path) -> None:
    row_path(out, IDS[0]).rename(row_path(out, "e" * 16))
    assert sorted(faces(out)) == IDS[1:]


def test_a_directory_that_cannot_be_written_to_is_read(out: Path) -> None:
    (out / CACHE).unlink()
    (out / CACHE).mkdir()  # as good as no permission, which root would not notice
    assert len(faces(out)) == 6


def test_others_see_a_plain_dataset_with_each_video_once(out: Path) -> None:
    table = ds.dataset(out / "videos").to_table()
    assert sorted(table.column("video_id").to_pylist()) == IDS


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(IDS[:3])),
        st.tuples(st.just("remove"), st.sampled_from(IDS[:3])),
        st.tuples(st.sampled_from(["read", "lose", "spoil"]), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(steps)
def test_whatever_happens_the_files_are_what_is_read(history: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        out, expected = Path(directory), dict[str, int]()
        for step, (action, video_id) in enumerate(history):
            if action == "write":
                write(out, video_id, faces=step, at_s=1e9 + step)
                expected[video_id] = step
            elif action == "remove":
                row_path(out, video_id).unlink(missing_ok=True)
                expected.pop(video_id, None)
            elif action == "lose":
                (out / CACHE).unlink(missing_ok=True)
            elif action == "spoil" and (out / CACHE).exists():
                (out / CACHE).write_bytes((out / CACHE).read_bytes()[:-9])
            assert action != "read" or faces(out) == expected
        assert faces(out) == expected
