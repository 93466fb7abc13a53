"""Probabilities over time: what a face shows within a moment, not within one frame."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_core.errors import ConfigError
from fer_core.types import FloatArray

SMOOTH_S = 0.5
"""The time constant, in seconds, wherever none is given."""

_NOTHING = 1e-9


def smooth(
    probabilities: FloatArray, times_s: ArrayLike, tracks: ArrayLike, tau_s: float = SMOOTH_S
) -> FloatArray:
    """Each row becomes the mean of its track, weighted by exp(-|seconds apart| / τ).

    It looks both ways, so that a peak stays where it is. Time stamps may be irregular: across
    a gap of several τ nothing is carried, and no row is made up. Rows that sum to 1 still do.

    Args:
        probabilities: (n, k) float32.
        times_s: (n,) seconds, rising within each track; tracks may be mixed.
        tracks: (n,) integers, the same for the rows of one track.
        tau_s: time constant τ in seconds; 0 leaves the values raw.

    Returns:
        (n, k) float32.

    Raises:
        ConfigError: the time constant is negative or not a number.

    Example:
        >>> flicker = np.array([[0, 1], [1, 0], [0, 1]], np.float32)
        >>> smooth(flicker, [0.0, 0.2, 0.4], [7, 7, 7], tau_s=1.0).round(2)
        array([[0.33, 0.67],
               [0.38, 0.62],
               [0.33, 0.67]], dtype=float32)
    """
    if not 0 <= tau_s < np.inf:
        raise ConfigError(f"expected a time constant of 0 or more seconds, got {tau_s}")
    times, ids = np.asarray(times_s, np.float64), np.asarray(tracks)
    if tau_s == 0 or len(times) < 2:
        return probabilities
    order = np.lexsort((times, ids))
    apart_s = np.where(np.diff(ids[order]) == 0, np.diff(times[order]), np.inf)
    kept = np.exp(-apart_s / tau_s)
    values = np.column_stack([probabilities, np.ones(len(times))])[order].astype(np.float64)
    ahead = _decayed_sums(values, np.concatenate([[0.0], kept]))
    behind = _decayed_sums(values[::-1], np.concatenate([[0.0], kept[::-1]]))[::-1]
    sums = ahead + behind - values
    result = np.empty_like(probabilities)
    result[order] = sums[:, :-1] / sums[:, -1:]
    return result


def _decayed_sums(values: NDArray[np.float64], kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) sums s[i] = values[i] + kept[i] · s[i-1], in log n steps for all rows at once.

    Each step doubles how far back a row has looked (Hillis and Steele, 1986); it ends early
    when what is further away no longer counts.
    """
    sums, share, step = values.copy(), kept.copy(), 1
    while step < len(sums) and share.max() > _NOTHING:
        sums[step:] += share[step:, np.newaxis] * sums[:-step]
        share[step:] *= share[:-step]
        step *= 2
    return sums
