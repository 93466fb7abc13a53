"""Reading a distant file in ranges gives its bytes, and asks for few that nobody wants."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.ranges import RangedReader

SIZE = 20_000_000
DATA = random.Random(1).randbytes(SIZE)


class Distant:
    """A file that counts what is fetched of it."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.ranges: list[tuple[int, int]] = []
        self.reader = RangedReader(self._fetch, len(data), "distant")

    def _fetch(self, start: int, length: int) -> bytes:
        self.ranges.append((start, length))
        return self.data[start : start + length]

    @property
    def fetched(self) -> int:
        return sum(length for _, length in self.ranges)


def test_reading_on_takes_few_requests() -> None:
    distant = Distant()
    whole = b"".join(iter(lambda: distant.reader.read(32_768), b""))
    assert whole == DATA
    assert distant.fetched == SIZE
    assert len(distant.ranges) < 12


def test_jumping_fetches_little() -> None:
    distant = Distant()
    for start in range(0, SIZE, 1_000_000):
        distant.reader.seek(start)
        assert distant.reader.read(1000) == DATA[start : start + 1000]
    assert distant.fetched < SIZE / 10


def test_what_is_left_out_reads_as_zeros_and_is_not_fetched() -> None:
    distant = Distant()
    distant.reader.leave_out([(200_000, SIZE), (100_000, 200_000)])
    whole = b"".join(iter(lambda: distant.reader.read(32_768), b""))
    assert whole == DATA[:100_000] + bytes(SIZE - 100_000)
    assert distant.fetched == 100_000


PART = st.tuples(st.integers(0, 300_000), st.integers(1, 90_000))


@given(parts=st.lists(PART, max_size=4), reads=st.lists(PART, max_size=20))
def test_any_reads_give_the_bytes_of_the_file(
    parts: list[tuple[int, int]], reads: list[tuple[int, int]]
) -> None:
    distant = Distant(DATA[:300_000])
    expected = bytearray(distant.data)
    distant.reader.leave_out([(start, start + length) for start, length in parts])
    for start, length in parts:
        expected[start : start + length] = bytes(len(expected[start : start + length]))
    buffered = io.BufferedReader(distant.reader, 4096)
    for start, length in reads:
        buffered.seek(start)
        assert buffered.read(length) == expected[start : start + length]
    assert all(start + length <= 300_000 for start, length in distant.ranges)


def test_a_file_that_shrank_is_an_error() -> None:
    reader = RangedReader(lambda start, length: b"", 100, "gone.mp4")
    with pytest.raises(OSError, match="ends before its size"):
        reader.read(10)
