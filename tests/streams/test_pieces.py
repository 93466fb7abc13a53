"""The small parts of a tail: waits, queues, clocks and time lines."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.streams.backoff import Backoff
from fer_core.streams.connection import StreamClock
from fer_core.streams.frames import Timeline
from fer_core.streams.lateness import CatchUp, Jumps
from fer_core.streams.newest import Newest


def test_waits_double_up_to_the_limit_and_begin_anew() -> None:
    backoff = Backoff(first_s=1, most_s=60)
    waits = [backoff.next_s() for _ in range(200)]
    for wait, longest in zip(waits, [1, 2, 4, 8, 16, 32, *[60] * 194], strict=True):
        assert longest / 2 <= wait <= longest
    backoff.reset()
    assert backoff.next_s() <= 1


@given(st.lists(st.integers(1, 20), max_size=20))
def test_the_newest_stay_and_the_dropped_are_counted(bursts: list[int]) -> None:
    waiting, taken, dropped, number = Newest[int](most=8, patience_s=60), [], 0, 0
    for burst in bursts:
        for _ in range(burst):
            dropped += waiting.put(number)
            number += 1
        items = waiting.take(timeout_s=0)
        assert items == list(range(max(number - burst, number - 8), number))
        taken += items or []
    waiting.close()
    assert waiting.take(timeout_s=0) is None
    assert len(taken) + dropped == number


def test_what_waited_too_long_goes_when_something_newer_comes() -> None:
    times = iter([0.0, 0.2, 0.4, 9.0])
    waiting = Newest[str](most=8, patience_s=0.25, clock=lambda: next(times))
    assert [waiting.put(item) for item in "abcd"] == [0, 0, 1, 2]
    assert waiting.take(timeout_s=0) == ["d"]


def test_a_taker_is_woken_by_an_item_and_by_the_end() -> None:
    waiting, seen = Newest[str](most=2, patience_s=60), []

    def take() -> None:
        while (items := waiting.take(timeout_s=60)) is not None:
            seen.extend(items)

    thread = threading.Thread(target=take)
    thread.start()
    waiting.put("a")
    waiting.close()
    thread.join(30)
    assert (seen, thread.is_alive()) == (["a"], False)


def test_time_goes_on_when_a_camera_comes_back() -> None:
    line = Timeline(began_s=100.0, began_at=1_700_000_000.0)
    line.connect(media_s=50.0, arrived_s=101.0)
    assert line.place(50.0) == (0, 1_700_000_001_000_000, pytest.approx(1.0))
    assert line.place(50.2)[2] == pytest.approx(1.2)
    line.connect(media_s=0.0, arrived_s=130.0)
    index, pts, time_s = line.place(0.0)
    assert (index, pts, time_s) == (2, 1_700_000_030_000_000, pytest.approx(30.0))


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 50)), min_size=1, max_size=30))
def test_time_rises_whatever_cameras_do(connections: list[tuple[float, float]]) -> None:
    line, times, arrived = Timeline(0.0, 1e9), [], 0.0
    for start, gap in connections:
        arrived += gap
        line.connect(start, arrived)
        times += [line.place(start), line.place(start + 5)]  # it may run ahead of our clock
    for column in range(3):
        values = [time[column] for time in times]
        assert all(a < b for a, b in pairwise(values))


def test_arrival_is_told_by_the_least_late_frame() -> None:
    clock = StreamClock()
    for media_s, arrived_at in ((0.0, 1001.0), (1.0, 1001.1), (2.0, 1002.5)):
        clock.hear(
            media_s, arrived_at - 900, arrived_at
        )  # a burst at first, then one frame half a second late
    assert clock.kind == "arrival"
    assert clock.unix_time(2.0) == pytest.approx(1002.1, abs=0.01)


def test_a_slow_camera_clock_is_followed() -> None:
    clock = StreamClock()
    for second in range(36_000):  # ten hours, 50 µs a second slow
        clock.hear(second * (1 - 50e-6), second, 1e9 + second)
    assert clock.unix_time(35_999 * (1 - 50e-6)) == pytest.approx(1e9 + 35_999, abs=0.01)


def test_the_senders_clock_counts_unless_it_is_far_off() -> None:
    clock = StreamClock(sender_at=999.8)
    clock.hear(5.0, 105.1, 1005.1)
    assert (clock.kind, clock.unix_time(6.0)) == ("sender", pytest.approx(1005.8))
    unset = StreamClock(sender_at=3.0)  # a camera that believes it is 1970
    unset.hear(5.0, 105.1, 1005.1)
    assert (unset.kind, unset.unix_time(5.0)) == ("arrival", pytest.approx(1005.1))


@pytest.mark.parametrize("set_by", [-3600, 3600])
def test_when_this_machines_clock_is_set_the_new_one_counts(set_by: float) -> None:
    clock = StreamClock()
    for second in range(5):
        clock.hear(second, 100 + second, 1000 + second)
    clock.hear(5, 105, 1005 + set_by)
    assert clock.unix_time(6) == pytest.approx(1006 + set_by, abs=0.01)


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=99))
def test_a_network_that_is_late_or_loses_packets_makes_no_jump(
    packets: list[tuple[float, bool]],
) -> None:
    jumps, arrived_s = Jumps(), 0.0
    for second, (late_s, is_lost) in enumerate([(0.0, False), *packets]):
        arrived_s = max(arrived_s, second + late_s)  # what waited comes at once
        assert is_lost or jumps.hear(second, arrived_s) == 0


@pytest.mark.parametrize("jump_s", [-3600, -12, 12, 3600])
def test_a_camera_that_sets_its_clock_makes_a_jump(jump_s: float) -> None:
    jumps = Jumps()
    heard = [jumps.hear(at + (jump_s if at >= 20 else 0), at + 0.3) for at in range(60)]
    assert [at for at, jump in enumerate(heard) if jump] == [20]
    assert heard[20] == pytest.approx(jump_s, abs=1.1)


def left_out(arrivals: list[tuple[float, float]], gop: int = 10) -> list[float]:
    """The times of the frames that are left out, where every tenth is a key frame."""
    catch_up = CatchUp()
    return [
        media_s
        for number, (media_s, arrived_s) in enumerate(arrivals)
        if catch_up.leaves_out(media_s, arrived_s, number % gop == 0)
    ]


def test_a_hiccup_of_the_network_costs_no_frame() -> None:
    steps = [number / 10 for number in range(200)]
    assert left_out([(at, max(at, 8.0) if at >= 5 else at) for at in steps]) == []


def test_what_piles_up_is_left_out_up_to_a_key_frame_that_is_not_late() -> None:
    slow = [(number / 10, number / 5) for number in range(27)]  # half as fast as the camera
    piled = [(2.7 + number / 10, 5.2 + number / 1000) for number in range(26)]
    live = [(at, at) for at in (5.3 + number / 10 for number in range(50))]
    gone = left_out(slow + piled + live)
    assert (gone[0], gone[-1]) == (2.6, pytest.approx(4.9))  # 5 s is a key frame, 0.2 s late
    assert len(gone) == 24


def test_a_way_that_takes_longer_than_before_is_taken_for_what_it_is() -> None:
    steps = [number / 10 for number in range(600)]
    gone = left_out([(at, at + (2 if at >= 20 else 0)) for at in steps])
    assert 0 < len(gone) <= 20  # a key frame a second: it is found out with the next but one
