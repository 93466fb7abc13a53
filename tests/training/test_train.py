"""A run from start to end, stopped and taken up again, and what stops it before it begins."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fer_core.errors import ConfigError, TrainingError
from fer_core.settings import dump_config, load_config
from fer_core.training.batches import Batches, face_weights, targets
from fer_core.training.config import LossConfig, TrainConfig
from fer_core.training.source import load_faces
from fer_core.training.train import BEST, LAST, train
from tests.training.examples import SIZE

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHIPPED = Path(__file__).parents[2] / "configs" / "train.yaml"
MakeConfig = Callable[..., TrainConfig]


def history(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open() as stream:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard reads there: steps and values by name."""
    events = EventAccumulator(str(run)).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def variables(run: Path) -> list[np.ndarray]:
    with np.load(run / LAST) as arrays:
        return [arrays[name] for name in sorted(arrays.files) if name != "facts"]


def test_a_run_leaves_checkpoints_a_log_and_pictures(finished_run: Path):
    for name in (LAST, BEST, "config.yaml", "history.csv", "samples.png", "curves.png"):
        assert (finished_run / name).stat().st_size > 0
    rows = history(finished_run)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["loss"] < rows[0]["loss"]
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)


def test_tensorboard_shows_the_history(finished_run: Path):
    shown = scalars(finished_run)
    assert set(shown) == {"loss", "accuracy", "learning_rate"}
    for tag, values in shown.items():
        expected = [(row["epoch"], row[tag]) for row in history(finished_run)]
        np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_a_killed_run_goes_on_and_ends_as_if_never_killed(
    finished_run: Path, make_config: MakeConfig, tmp_path: Path
):
    config = make_config(tmp_path)
    settings = tmp_path / "settings.yaml"
    settings.write_text(dump_config(config))
    _kill_after_first_epoch(settings, config.directory)
    assert len(history(config.directory)) == 1

    train(config, resume=True)

    killed, whole = history(config.directory), history(finished_run)
    for mine, theirs in zip(killed, whole, strict=True):
        for key in ("epoch", "loss", "learning_rate"):
            assert mine[key] == pytest.approx(theirs[key], rel=1e-3, abs=1e-6)
    for mine, theirs in zip(variables(config.directory), variables(finished_run), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0.02, atol=0.02)
    assert [step for step, _ in scalars(config.directory)["loss"]] == [1, 2]


def _kill_after_first_epoch(settings: Path, run: Path) -> None:
    """Trains in another process, which is killed in the midst of its second epoch."""
    code = """
import sys, time
from pathlib import Path
from fer_core.settings import load_config
from fer_core.training.callbacks import Progress
from fer_core.training.config import TrainConfig
from fer_core.training.train import train

def dawdle(self, batch, logs=None):
    if self.params and self.begun > 1 and batch > 1:
        time.sleep(600)

begin = Progress.on_epoch_begin
def count(self, epoch, logs=None):
    self.begun = getattr(self, "begun", 0) + 1
    begin(self, epoch, logs)

Progress.on_epoch_begin, Progress.on_train_batch_end = count, dawdle
train(load_config(TrainConfig, Path(sys.argv[1])))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code, str(settings)], env=environment)
    deadline = time.monotonic() + 120
    while not (run / "history.csv").exists():
        assert process.poll() is None, "the training process ended early"
        assert time.monotonic() < deadline, "no epoch ended within two minutes"
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_is_neither_overwritten_nor_resumed_with_other_settings(
    finished_run: Path, make_config: MakeConfig, tmp_path: Path
):
    with pytest.raises(TrainingError, match="holds a run already: go on with --resume"):
        train(make_config(finished_run.parent))
    with pytest.raises(TrainingError, match="differs from the settings given"):
        train(make_config(finished_run.parent, "epochs=3"), resume=True)
    with pytest.raises(TrainingError, match="expected a run to resume"):
        train(make_config(tmp_path), resume=True)


def test_a_run_killed_in_its_first_epoch_begins_again(make_config: MakeConfig, tmp_path: Path):
    config = make_config(tmp_path, "epochs=1")
    config.directory.mkdir()
    (config.directory / "config.yaml").write_text(dump_config(config))
    train(config, resume=True)
    assert [row["epoch"] for row in history(config.directory)] == [1]


def test_a_run_killed_after_its_last_checkpoint_gets_its_log_and_curves(
    finished_run: Path, make_config: MakeConfig, tmp_path: Path
):
    config = make_config(tmp_path)
    shutil.copytree(finished_run, config.directory)
    (config.directory / "config.yaml").write_text(dump_config(config))
    for name in ("history.csv", "curves.png"):
        (config.directory / name).unlink()
    train(config, resume=True)
    assert history(config.directory) == history(finished_run)
    assert (config.directory / "curves.png").stat().st_size > 0
    for mine, theirs in zip(variables(config.directory), variables(finished_run), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_cannot_be_written_is_told_before_the_first_epoch(
    make_config: MakeConfig, tmp_path: Path
):
    config = make_config(tmp_path)
    (config.directory / "samples.png").mkdir(parents=True)  # where the picture should go
    with pytest.raises(TrainingError, match=r"cannot write to .*go on with --resume"):
        train(config)
    assert not (config.directory / LAST).exists()


def test_on_a_full_disk_the_former_checkpoint_is_kept(tmp_path: Path):
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from fer_core.training.state import load_facts, save_state

class Variable:
    def numpy(self):
        return np.zeros(10_000)

file = Path(sys.argv[1])
save_state(file, [Variable()], {"epoch": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # as if no more fitted on the disk
try:
    save_state(file, [Variable()], {"epoch": 2})
finally:
    print(load_facts(file), [other.name for other in file.parent.iterdir()])
"""
    file = tmp_path / LAST
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{{'epoch': 1}} ['{LAST}']\n"
    assert "TrainingError: cannot write" in done.stderr
    assert "make room and go on with --resume" in done.stderr


def test_a_checkpoint_that_cannot_be_read_is_explained(finished_run: Path, make_config: MakeConfig):
    config = make_config(finished_run.parent, "name=cut")
    config.directory.mkdir()
    (config.directory / "config.yaml").write_text(dump_config(config))
    whole = (finished_run / LAST).read_bytes()
    (config.directory / LAST).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match="cannot read the checkpoint"):
        train(config, resume=True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=0", "epochs: .* greater than 0"),
        ("augment.rotat_deg=3", "augment.rotat_deg: Extra inputs are not permitted"),
        ("model.blocks=[1]", "widths and blocks need one number for each stage"),
        ("precision=int8", "precision: "),
        ("name=../elsewhere", "name: "),
    ],
)
def test_bad_settings_are_explained(make_config: MakeConfig, override: str, message: str):
    with pytest.raises(ConfigError, match=message):
        make_config(Path("runs"), override)


def test_the_shipped_settings_are_valid():
    assert load_config(TrainConfig, SHIPPED).name == "fer-cnn"


def test_batches_depend_on_seed_epoch_and_step_alone(make_config: MakeConfig, faces_dir: Path):
    faces = load_faces(faces_dir / "train.parquet", SIZE)[0]
    config = make_config(Path("runs"), "augment.mixup=0.4")
    whole, resumed = Batches(faces, config), Batches(faces, config, done=1)
    assert len(whole) == 2 * len(resumed) == 2 * whole.steps
    assert _equal(whole[whole.steps + 2], resumed[2])
    assert not _equal(whole[2], resumed[2])


def _equal(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a]
    return all(np.array_equal(a, b) for a, b in pairs)


def test_targets_smooth_blend_and_weigh(faces_dir: Path):
    faces = load_faces(faces_dir / "train.parquet", SIZE)[0]
    assert faces.votes is not None
    smooth = targets(faces, LossConfig(label_smoothing=0.14))
    np.testing.assert_allclose(smooth["label"].sum(axis=1), 1, rtol=1e-5)
    assert smooth["label"].max() == pytest.approx(0.88)
    assert set(smooth) == {"label", "votes"}

    keep = (faces.labels != 1) | (np.arange(len(faces)) % 2 == 0)
    rare = faces.only(keep)
    weights = face_weights(rare, LossConfig(class_weights="balanced"))
    totals = np.bincount(rare.labels, weights)
    np.testing.assert_allclose(totals, totals.mean(), rtol=1e-5)

    faces.votes[0] = 0
    faces.votes[0, 0] = 10  # all ten taggers say neutral
    blended = targets(faces, LossConfig(label_smoothing=0, votes_blend=0.5, votes_weight=0))
    assert set(blended) == {"label"}
    expected = np.zeros(7)
    expected[faces.labels[0]] += 0.5
    expected[6] += 0.5
    np.testing.assert_allclose(blended["label"][0], expected, atol=1e-6)


def test_the_shipped_settings_show_the_true_defaults():
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    switched_on = "\n".join(re.sub(r"^(\s*)# (?=\s*\w+:)", r"\1", line) for line in lines)
    shown = yaml.safe_load(switched_on)
    config = TrainConfig.model_validate(shown)
    defaults = TrainConfig(data=config.data, epochs=config.epochs, name=config.name)
    assert config == defaults
    for section in ("model", "augment", "loss", "optimiser"):
        assert set(shown[section]) == set(type(getattr(config, section)).model_fields)
