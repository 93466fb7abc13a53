"""Reading ahead, writing behind: same items, same errors, no thread left."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.overlap import Abandoned, map_ahead, read_ahead, write_behind


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


@given(st.lists(st.integers()), st.integers(1, 5))
def test_items_come_once_and_in_order(numbers: list[int], depth: int) -> None:
    with read_ahead(numbers, depth) as items:
        assert list(items) == numbers
    assert not reading_threads()


def test_an_error_comes_where_the_item_would_have_come() -> None:
    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk went away")

    with read_ahead(broken(), 1) as items:
        assert next(items) == 1
        assert next(items) == 2
        with pytest.raises(OSError, match="the disk went away"):
            next(items)
    assert not reading_threads()


def test_the_thread_ends_when_nobody_reads_on() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    def give_up() -> None:
        source = endless()
        with read_ahead(source, 3) as items:
            next(items)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert not reading_threads()
    assert closed.is_set()


def test_no_more_than_the_depth_is_made_in_advance() -> None:
    made: list[int] = []
    room = threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            room.release()
            yield number

    with read_ahead(numbers(), 4) as items:
        next(items)
        for _ in range(6):  # one taken, four waiting, one in the hand of the thread
            assert room.acquire(timeout=10)
        assert len(made) <= 6


def writing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "write-behind"]


@given(st.lists(st.integers()), st.integers(1, 5))
def test_all_is_written_in_order_when_the_block_ends(numbers: list[int], depth: int) -> None:
    written: list[int] = []
    with write_behind(written.extend, depth) as put:
        for number in numbers:
            put(number)
    assert written == numbers
    assert not writing_threads()


@pytest.mark.parametrize("consumed", [0, 1, 5])
def test_an_error_of_the_consumer_is_raised_at_the_end_and_blocks_nobody(consumed: int) -> None:
    put_all = threading.Event()

    def broken(items: Iterator[int]) -> None:
        for _ in range(consumed):
            next(items)
        raise OSError("the disk is full")

    def write() -> None:
        with write_behind(broken, 1) as put:
            for number in range(20):
                put(number)
            put_all.set()

    with pytest.raises(OSError, match="the disk is full"):
        write()
    assert put_all.is_set()
    assert not writing_threads()


def test_the_consumer_is_told_when_its_items_stay_incomplete() -> None:
    seen: list[int | str] = []

    def consume(items: Iterator[int]) -> None:
        try:
            seen.extend(items)
        except Abandoned:
            seen.append("abandoned")
            raise

    def give_up() -> None:
        with write_behind(consume, 2) as put:
            put(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert seen == [1, "abandoned"]
    assert not writing_threads()


@given(st.lists(st.integers()), st.integers(1, 4))
def test_mapped_results_come_in_the_order_of_their_items(numbers: list[int], at_once: int) -> None:
    assert list(map_ahead(str, numbers, at_once)) == [str(number) for number in numbers]


def test_calls_overlap() -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(number: int) -> int:
        both.wait()  # passes only when the other call is under way
        return number

    assert list(map_ahead(meet, range(4), 2)) == [0, 1, 2, 3]


def test_an_error_comes_after_the_results_before_it() -> None:
    results = map_ahead(lambda number: 1 / number, [1, 2, 0, 4], 3, "inverse")
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("inverse")]
