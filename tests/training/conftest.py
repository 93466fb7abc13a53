"""Small made-up faces, and one finished run on them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fer_core.settings import load_config
from fer_core.training.config import TrainConfig
from tests.training.examples import SIZE, made_up_faces, write_faces


@pytest.fixture(scope="session")
def faces_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `train.parquet` and `validation.parquet`."""
    directory = tmp_path_factory.mktemp("faces")
    write_faces(directory / "train.parquet", *made_up_faces(1))
    write_faces(directory / "validation.parquet", *made_up_faces(2), usage="PublicTest")
    return directory


@pytest.fixture(scope="session")
def make_config(faces_dir: Path) -> Callable[..., TrainConfig]:
    """Settings of a run that takes seconds; `overrides` are `key=value`."""

    def make(runs: Path, *overrides: str) -> TrainConfig:
        small = [
            f"runs={runs}",
            "name=small",
            "epochs=2",
            "batch_size=32",
            "precision=float32",
            f"data.train={faces_dir / 'train.parquet'}",
            f"data.validation={faces_dir / 'validation.parquet'}",
            f"data.size={SIZE}",
            "model.stem=8",
            "model.widths=[8, 16]",
            "model.blocks=[1, 1]",
            "optimiser.ema=0.5",
            "augment.flip=0",
            "augment.shift=0.04",
        ]
        return load_config(TrainConfig, overrides=[*small, *overrides])

    return make


@pytest.fixture(scope="session")
def finished_run(
    tmp_path_factory: pytest.TempPathFactory, make_config: Callable[..., TrainConfig]
) -> Path:
    """The directory of a run of two epochs."""
    from fer_core.training.train import train

    return train(make_config(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="session")
def model(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the model that is made of that run; copy it before changing anything."""
    from fer_core.training.publish import publish

    return publish(finished_run, "small", tmp_path_factory.mktemp("models")).directory
