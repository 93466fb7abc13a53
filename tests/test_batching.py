"""Many callers, shared batches, each its own results or its own error."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.batching import Batcher

LONG = 30.0  # longer than any test: a batch is called because it is full, not because of time


def test_callers_that_wait_together_share_a_batch() -> None:
    batches: list[list[int]] = []

    def squares(numbers: list[int]) -> list[int]:
        batches.append(numbers)
        return [number * number for number in numbers]

    with Batcher(squares, 6, LONG) as batcher, ThreadPoolExecutor(3) as pool:
        results = list(pool.map(batcher, ([1, 2], [3, 4], [5, 6])))
    assert results == [[1, 4], [9, 16], [25, 36]]
    assert [len(batch) for batch in batches] == [6]


def test_a_single_caller_waits_no_longer_than_told() -> None:
    with Batcher(lambda numbers: numbers, 100, 0.001) as batcher:
        assert batcher([7]) == [7]


def test_the_caller_at_fault_gets_the_error_and_the_others_their_results() -> None:
    def inverse(numbers: list[int]) -> list[float]:
        return [1 / number for number in numbers]

    with Batcher(inverse, 3, LONG) as batcher, ThreadPoolExecutor(3) as pool:
        good, bad, also_good = (pool.submit(batcher, [number]) for number in (1, 0, 2))
        assert good.result() == [1.0]
        assert also_good.result() == [0.5]
        with pytest.raises(ZeroDivisionError):
            bad.result()


def test_closing_answers_what_was_asked_and_leaves_no_thread() -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(numbers: list[int]) -> list[int]:
        entered.set()
        assert go.wait(LONG)
        return numbers

    before = threading.active_count()
    batcher = Batcher(slow, 1, LONG)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(batcher, [1])
        assert entered.wait(LONG)
        closing = pool.submit(batcher.close)
        go.set()
        assert answer.result(LONG) == [1]
        closing.result(LONG)
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="closed"):
        batcher([2])


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=8), st.integers(1, 20))
def test_everybody_gets_their_own_whatever_the_sizes(asked: list[list[int]], size: int) -> None:
    with (
        Batcher(lambda numbers: [-n for n in numbers], size, 0.0005) as batcher,
        ThreadPoolExecutor(8) as pool,
    ):
        results = list(pool.map(batcher, asked))
    assert results == [[-n for n in numbers] for numbers in asked]
