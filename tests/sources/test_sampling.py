"""The arithmetic of sampling, held against the definition in plain words."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fer_core.sources.sampling import Forecast, FrameClock, PacketOrder, SampleGrid

TIME_BASES = st.sampled_from(
    [Fraction(1, 1000), Fraction(1, 15360), Fraction(1, 90000), Fraction(1001, 30000)]
)
RATES = st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 12.5, 23.976, 29.97, 30.0, 60.0, 1000.0])
STAMPS = st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True).map(sorted)


def by_definition(stamps: list[int], start: int, time_base: Fraction, rate: Fraction) -> list[int]:
    """For every k the first frame with pts ≥ start + k/N, each once."""
    length = (stamps[-1] - start) * time_base
    taken: list[int] = []
    for k in range(int(length * rate) + 1):
        point = start + k / rate / time_base
        first = next((pts for pts in stamps if pts >= point), None)
        if first is not None and first not in taken:
            taken.append(first)
    return taken


@given(STAMPS, TIME_BASES, st.sampled_from([1.0, 5.0, 12.5, 29.97]))
def test_the_grid_takes_the_first_frame_at_or_after_each_point(
    stamps: list[int], time_base: Fraction, rate: float
) -> None:
    grid = SampleGrid(stamps[0], time_base, rate)
    exact = Fraction(str(rate))
    taken = [pts for pts in stamps if grid.takes(pts)]
    assert taken == by_definition(stamps, stamps[0], time_base, exact)


@given(STAMPS, TIME_BASES, RATES, st.integers(-(10**6), 10**6))
def test_the_grid_begins_where_the_video_does(
    stamps: list[int], time_base: Fraction, rate: float, shift: int
) -> None:
    here = SampleGrid(stamps[0], time_base, rate)
    there = SampleGrid(stamps[0] + shift, time_base, rate)
    assert [here.takes(pts) for pts in stamps] == [there.takes(pts + shift) for pts in stamps]
    assert SampleGrid(stamps[0], time_base, rate).takes(stamps[0])


def test_the_grid_does_not_drift_in_a_day_at_29_97() -> None:
    time_base, step = Fraction(1, 30000), 1001
    grid = SampleGrid(0, time_base, 29.97)
    frames = 30 * 86_400
    taken = sum(grid.takes(index * step) for index in range(frames))
    points = int((frames - 1) * step * time_base * Fraction(2997, 100)) + 1
    assert taken == points


@given(st.permutations(range(40)), st.integers(1, 40))
def test_ranks_count_smaller_stamps_whatever_the_order_of_packets(
    order: list[int], every: int
) -> None:
    ranks = PacketOrder()
    for index in order:
        ranks.add(index * 7 - 20)
    asked = range(0, 40, every)
    assert [ranks.rank(index * 7 - 20) for index in asked] == list(asked)


def test_two_packets_of_one_stamp_both_count() -> None:
    ranks = PacketOrder()
    for pts in (0, 10, 10, 20):
        ranks.add(pts)
    assert ranks.beyond(10) == 1
    assert [ranks.rank(0), ranks.rank(10), ranks.rank(20)] == [0, 1, 3]
    assert ranks.beyond(20) == 0


@given(st.lists(st.integers(-100, 100), max_size=30))
def test_the_clock_deals_out_stamps_in_order_of_time(stamps: list[int]) -> None:
    clock = FrameClock()
    for stamp in stamps:
        clock.add(stamp)
    assert [clock.next() for _ in stamps] == sorted(stamps)
    assert clock.next() is None


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=80, unique=True), st.data())
def test_a_forecast_never_rules_out_a_frame_that_is_taken(
    stamps: list[int], data: st.DataObject
) -> None:
    in_file_order = data.draw(st.permutations(stamps))
    grid = SampleGrid(min(stamps), Fraction(1, 1000), 7)
    taken = {pts for pts in sorted(stamps) if grid.takes(pts)}
    forecast = Forecast(grid)
    assert not taken & {pts for pts in in_file_order if forecast.rules_out(pts)}
