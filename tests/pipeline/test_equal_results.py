"""Speed changes nothing: workers, batch sizes and order leave records as they are."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fer_core import analyse, load_records
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.settings import load_config


def records(videos: list[Path], out: Path, workers: int, batch: int) -> pd.DataFrame:
    """What a run with so many workers and pictures a call makes of the videos."""
    config = load_config(
        ProcessConfig,
        overrides=[
            f"detect.batch_size={batch}",
            f"classify.batch_size={batch}",
            "render.enabled=false",
            "device=cpu",
        ],
    )
    with Engine.load(config) as engine, ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(analyse, video, out, engine, config) for video in videos]
        assert [job.result().status for job in jobs] == ["ok"] * len(videos)
    return load_records(out)


@pytest.fixture(scope="module")
def reference(sample_videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return records(sample_videos, tmp_path_factory.mktemp("reference"), workers=1, batch=1)


@settings(max_examples=3)
@example(order=[2, 0, 1], workers=3, batch=5)
@given(order=st.permutations(range(3)), workers=st.integers(1, 4), batch=st.integers(1, 70))
def test_records_equal_those_of_one_worker_at_batch_one(
    reference: pd.DataFrame,
    sample_videos: list[Path],
    order: list[int],
    workers: int,
    batch: int,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        found = records([sample_videos[k] for k in order], Path(directory), workers, batch)
    boxes = ["box_x", "box_y", "box_w", "box_h"]
    probabilities = [name for name in reference if name.startswith("p_")]
    same = ["source", "frame_index", "pts", "time_s", "face_index", "track_id"]
    pd.testing.assert_frame_equal(found[same], reference[same])
    pd.testing.assert_frame_equal(found[boxes], reference[boxes], rtol=0, atol=0.05)
    pd.testing.assert_frame_equal(found[probabilities], reference[probabilities], rtol=0, atol=1e-3)
