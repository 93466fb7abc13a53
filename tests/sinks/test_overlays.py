"""What annotated videos draw is smoothed as the timeline is."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.emotions import NUM_EMOTIONS
from fer_core.sinks.overlays import Overlay, smoothed
from fer_core.smoothing import smooth

FAR_AHEAD = 10_000


def frames(seed: int, count: int = 80) -> list[tuple[int, Overlay]]:
    """Up to three faces that come and go, at irregular times; numbered."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.02, 0.6, count))
    made = []
    for number, time_s in enumerate(times):
        tracks = np.flatnonzero(rng.random(3) < 0.7).astype(np.int32)
        shown = rng.dirichlet(np.ones(NUM_EMOTIONS), len(tracks)).astype(np.float32)
        boxes = rng.uniform(0, 100, (len(tracks), 4)).astype(np.float32)
        made.append((number, Overlay(number, float(time_s), boxes, tracks, shown)))
    return made


@given(st.integers(0, 50), st.sampled_from([0.1, 0.5, 3.0]))
def test_a_stream_is_smoothed_as_the_whole_is(seed: int, tau_s: float) -> None:
    raw = frames(seed)
    overlays = [overlay for _, overlay in raw]
    rows = np.concatenate([overlay.probabilities for overlay in overlays])
    tracks = np.concatenate([overlay.track_ids for overlay in overlays])
    times = np.repeat([o.time_s for o in overlays], [len(o.track_ids) for o in overlays])
    whole = smooth(rows, times, tracks, tau_s)
    result = list(smoothed(raw, tau_s, FAR_AHEAD))
    streamed = np.concatenate([overlay.probabilities for _, overlay in result])
    assert [number for number, _ in result] == list(range(len(raw)))
    np.testing.assert_allclose(streamed, whole, atol=0.02)
    np.testing.assert_allclose(streamed.sum(axis=1), 1, atol=1e-5)


def test_zero_is_raw() -> None:
    raw = frames(1)
    assert list(smoothed(raw, 0, 2)) == raw


@pytest.mark.parametrize("most", [2, 7])
def test_no_more_wait_than_may(most: int) -> None:
    taken = 0

    def counted() -> Iterator[tuple[int, Overlay]]:
        nonlocal taken
        for item in frames(2):
            taken += 1
            yield item

    for given_out, _ in enumerate(smoothed(counted(), 5.0, most), start=1):
        assert taken - given_out <= most


def test_what_is_shown_most_follows_from_the_probabilities() -> None:
    shown = np.array([[0.1, 0, 0, 0.6, 0, 0.2, 0.1], [0, 0, 0, 0, 0, 0, 1]], np.float32)
    overlay = Overlay(0, 0.0, np.zeros((2, 4), np.float32), np.arange(2, dtype=np.int32), shown)
    assert overlay.emotions == ["happy", "neutral"]
    assert overlay.confidences == pytest.approx([0.6, 1.0])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of one length"):
        Overlay(0, 0.0, np.zeros((2, 4), np.float32), np.zeros(1, np.int32), np.zeros((2, 7)))
