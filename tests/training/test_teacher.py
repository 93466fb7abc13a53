"""Runs that learn from a published model's opinions beside the labels."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_core.cards import sha256_of
from fer_core.errors import DatasetError, ModelError
from fer_core.training.batches import targets
from fer_core.training.config import LossConfig, TrainConfig
from fer_core.training.publish import publish
from fer_core.training.source import load_faces
from fer_core.training.teacher import taught
from fer_core.training.train import Run, load_data, train
from tests.training.examples import SIZE

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MakeConfig = Callable[..., TrainConfig]


def test_a_share_of_each_target_is_the_teachers(faces_dir: Path):
    faces = load_faces(faces_dir / "train.parquet", SIZE)[0]
    opinions = np.random.default_rng(0).dirichlet(np.ones(7), len(faces)).astype(np.float32)
    config = LossConfig(label_smoothing=0.1, teacher="any", teacher_blend=0.25)
    alone = targets(faces, config)["label"]
    blended = targets(replace(faces, taught=opinions), config)["label"]
    np.testing.assert_allclose(blended, 0.75 * alone + 0.25 * opinions, rtol=1e-5)


def test_a_model_says_who_taught_it(model: Path, make_config: MakeConfig, tmp_path: Path):
    run = train(make_config(tmp_path, "epochs=1", f"loss.teacher={model}", "loss.teacher_blend=.4"))
    student = publish(run, "student", tmp_path / "models", robustness=False).directory
    teacher = json.loads((student / "card.json").read_text())["trained"]["teacher"]
    assert (teacher["name"], teacher["sha256"]) == ("small", sha256_of(model / "model.keras"))
    assert "40% of each target from what small (SHA-256" in (student / "README.md").read_text()


def test_a_resumed_run_keeps_its_teachers_opinions(
    model: Path, make_config: MakeConfig, tmp_path: Path
):
    teacher = shutil.copytree(model, tmp_path / "teacher")
    config = make_config(tmp_path, f"loss.teacher={teacher}")
    data = load_data(config.data)
    first = Run(config, data).data.train.taught
    assert first is not None
    np.testing.assert_allclose(first.sum(axis=1), 1, rtol=1e-5)

    shutil.rmtree(teacher)
    np.testing.assert_array_equal(taught(config.directory, str(teacher), data.train), first)
    with pytest.raises(ModelError, match="no model"):
        Run(config, data)  # a new run asks anew


def test_a_teacher_has_to_take_pictures_of_that_size(model: Path, faces_dir: Path, tmp_path: Path):
    faces = load_faces(faces_dir / "train.parquet", SIZE)[0]
    larger = replace(faces, images=faces.images.repeat(2, axis=1).repeat(2, axis=2))
    with pytest.raises(DatasetError, match=r"takes pictures of 24 pixels, got 48"):
        taught(tmp_path, str(model), larger)
