"""Reading ahead: same items, same errors, no thread left."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.overlap import read_ahead


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
