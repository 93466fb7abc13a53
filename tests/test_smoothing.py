"""Probabilities over time, against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.errors import ConfigError
from fer_core.smoothing import smooth


def by_definition(
    values: np.ndarray, times: np.ndarray, tracks: np.ndarray, tau_s: float
) -> np.ndarray:
    """Each row as the weighted mean that the docstring promises, one row after the other."""
    rows = []
    for time_s, track in zip(times, tracks, strict=True):
        weights = np.exp(-np.abs(times - time_s) / tau_s) * (tracks == track)
        rows.append(weights @ values / weights.sum())
    return np.array(rows)


@given(
    steps=st.lists(st.floats(0.01, 20), min_size=1, max_size=60),
    tau_s=st.floats(0.05, 5),
    seed=st.integers(0, 1000),
)
def test_smoothing_is_the_weighted_mean_of_the_track(
    steps: list[float], tau_s: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    times, tracks = np.cumsum(steps), random.integers(0, 3, len(steps))
    raw = random.random((len(steps), 7)).astype(np.float32)
    values = raw / raw.sum(axis=1, keepdims=True)
    result = smooth(values, times, tracks, tau_s)
    np.testing.assert_allclose(result, by_definition(values, times, tracks, tau_s), atol=1e-5)
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-5)


def test_nothing_is_carried_across_a_gap() -> None:
    values = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    result = smooth(values, [0.0, 0.2, 60.0, 60.2], [0, 0, 0, 0], tau_s=0.5)
    np.testing.assert_allclose(result, values, atol=1e-6)


def test_a_peak_stays_where_it_is() -> None:
    times = np.arange(101) / 10
    surprise = np.exp(-np.abs(times - 5.0)).astype(np.float32)
    result = smooth(np.stack([surprise, 1 - surprise], 1), times, np.zeros(101), tau_s=1.0)
    assert times[result[:, 0].argmax()] == 5.0


def test_zero_is_raw() -> None:
    values = np.eye(7, dtype=np.float32)
    assert smooth(values, np.arange(7), np.zeros(7), tau_s=0) is values


@pytest.mark.parametrize("tau_s", [-1.0, float("nan"), float("inf")])
def test_an_unusable_time_constant_is_said(tau_s: float) -> None:
    with pytest.raises(ConfigError, match="time constant"):
        smooth(np.eye(2, dtype=np.float32), [0, 1], [0, 0], tau_s)
