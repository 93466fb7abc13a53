"""A training run: from settings and faces to checkpoints, a log and pictures.

`runs/<name>/` holds `config.yaml`, `last.npz` (everything, to go on from), `best.npz` (the
averaged weights of the best epoch), `history.csv`, and `samples.png`, `curves.png` to look at.
"""

import csv
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from fer_core.config import dump_config
from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError, TrainingError
from fer_core.training.augment import Augment
from fer_core.training.backend import keras, ops
from fer_core.training.batches import Batches, steps_per_epoch
from fer_core.training.cnn import LABEL_HEAD, VOTES_HEAD, build_cnn
from fer_core.training.config import OptimiserConfig, TrainConfig
from fer_core.training.dataset import VOTES, FaceSet, load_faces
from fer_core.training.state import load_facts, load_state, save_state

log = logging.getLogger(__name__)

LAST = "last.npz"
BEST = "best.npz"


@dataclass(frozen=True)
class TrainingData:
    """The faces of a run, after what the configuration leaves out."""

    train: FaceSet
    validation: FaceSet


def load_data(config: TrainConfig) -> TrainingData:
    """Reads and checks the run's data.

    Raises:
        DatasetError: a file is unusable, a picture has another size, or a class is empty.
    """
    train, validation = (load_faces(p) for p in (config.data.train, config.data.validation))
    for faces in (train, validation):
        side = faces.images.shape[1]
        if side != config.data.size:
            raise DatasetError(
                f"{faces.name}: expected pictures of {config.data.size} pixels (data.size), "
                f"got {side}; set data.size={side} or prepare the data again"
            )
    keep = np.ones(len(train), bool)
    if config.data.drop_blank:
        keep &= train.images.std(axis=(1, 2)) > 0
    if config.data.drop_leaks:
        keep &= ~np.isin(train.digests(), validation.digests())
    log.info("%s: %d faces, %d left out", train.name, keep.sum(), (~keep).sum())
    train = train.only(keep)
    for faces in (train, validation):
        empty = [name for name, count in faces.counts().items() if not count]
        if empty:
            raise DatasetError(
                f"{faces.name}: expected faces of all of {', '.join(EMOTIONS)}, "
                f"got none of {', '.join(empty)}; add some"
            )
    return TrainingData(train, validation)


class Run:
    """One training run and its network. It may be taken up again where it stopped.

    Args:
        config: all settings.
        data: the faces.
        resume: go on from the run's last checkpoint.

    Raises:
        TrainingError: the run's directory holds another run, or nothing to resume.
    """

    def __init__(self, config: TrainConfig, data: TrainingData, resume: bool = False):
        self.config = config
        self.data = data
        self.directory = config.directory
        self.history: list[dict[str, float]] = []
        self._claim_directory(resume)
        keras.utils.set_random_seed(config.seed)
        keras.mixed_precision.set_dtype_policy(config.precision)
        with_votes = bool(config.loss.votes_weight) and data.train.votes is not None
        self.cnn = build_cnn(config.model, config.data.size, len(VOTES) if with_votes else 0)
        self.model = self._training_model()
        if resume:
            load_state(self.directory / LAST, self.variables)
            self.history = load_facts(self.directory / LAST)["history"]
            log.info("goes on after epoch %d", len(self.history))

    @property
    def variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _claim_directory(self, resume: bool) -> None:
        settings = self.directory / "config.yaml"
        if resume:
            if not (self.directory / LAST).is_file():
                raise TrainingError(f"{self.directory}: expected a run to resume, got no {LAST}")
            if settings.read_text(encoding="utf-8") != dump_config(self.config):
                raise TrainingError(
                    f"{settings} differs from the settings given: a run goes on only with its "
                    "own; give those, or another name"
                )
        elif (self.directory / LAST).exists():
            raise TrainingError(
                f"{self.directory} holds a run already: go on with --resume, or set another name"
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        settings.write_text(dump_config(self.config), encoding="utf-8")

    def _training_model(self) -> Any:
        config = self.config
        example, _ = Batches(self.data.train, config)[0]
        inputs = {
            name: keras.Input(array.shape[1:], name=name, dtype=str(array.dtype))
            for name, array in example.items()
        }
        outputs = self.cnn(Augment(config.augment, config.data.size)(inputs))
        model = keras.Model(inputs, outputs, name="training")
        steps = steps_per_epoch(len(self.data.train), min(config.batch_size, len(self.data.train)))
        model.compile(
            optimizer=make_optimiser(config.optimiser, steps, config.epochs),
            loss={name: keras.losses.CategoricalCrossentropy(from_logits=True) for name in outputs},
            loss_weights={
                name: config.loss.votes_weight if name == VOTES_HEAD else 1.0 for name in outputs
            },
            # XLA is what makes JAX fast, and made TensorFlow slower here (62 against 124 a second).
            jit_compile=keras.backend.backend() == "jax",
        )
        model.optimizer.build(model.trainable_variables)
        return model

    def fit(self) -> None:
        """Trains to the last epoch, with a checkpoint after each."""
        done = len(self.history)
        self.model.fit(
            Batches(self.data.train, self.config, epoch=done),
            initial_epoch=done,
            epochs=self.config.epochs,
            verbose=0,
            callbacks=[EpochEnd(self), Progress(self.config.epochs)],
        )

    def end_epoch(self, loss: float, seconds: float) -> None:
        """Measures the averaged weights on the validation faces and saves what is needed."""
        trained = [ops.convert_to_numpy(v) for v in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        logits = self.cnn.predict(self.data.validation.images[..., None], batch_size=256, verbose=0)
        accuracy = float(np.mean(logits[LABEL_HEAD].argmax(1) == self.data.validation.labels))
        best = max((row["accuracy"] for row in self.history), default=-1.0)
        self.history.append(
            {
                "epoch": len(self.history) + 1,
                "loss": loss,
                "accuracy": accuracy,
                "learning_rate": float(ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                "seconds": round(seconds, 1),
            }
        )
        if accuracy > best:
            save_state(self.directory / BEST, self.cnn.variables, {"epoch": len(self.history)})
        for variable, value in zip(self.model.trainable_variables, trained, strict=True):
            variable.assign(value)
        save_state(self.directory / LAST, self.variables, {"history": self.history})
        self._write_history()
        log.info(
            "epoch %(epoch)d: loss %(loss).4f, accuracy %(accuracy).4f, %(seconds).0f s",
            self.history[-1],
        )

    def _write_history(self) -> None:
        with (self.directory / "history.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, self.history[0])
            writer.writeheader()
            writer.writerows(self.history)


class EpochEnd(keras.callbacks.Callback):
    """Hands over to the run when an epoch is done."""

    def __init__(self, run: Run):
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        # Asking for the model brings its variables up to date on JAX.
        assert self.model is self.run.model
        self.run.end_epoch(float((logs or {})["loss"]), time.monotonic() - self.began)
        patience = self.run.config.early_stopping
        if patience is not None:
            accuracies = [row["accuracy"] for row in self.run.history]
            self.model.stop_training = len(accuracies) - int(np.argmax(accuracies)) > patience


class Progress(keras.callbacks.Callback):
    """A bar of the epoch's steps; none where standard error is no terminal."""

    def __init__(self, epochs: int):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        steps = self.params.get("steps")
        self.bar = tqdm(
            total=steps, desc=f"epoch {epoch + 1}/{self.epochs}", leave=False, disable=None
        )

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.bar.close()


def make_optimiser(config: OptimiserConfig, steps: int, epochs: int) -> Any:
    """The optimiser, with a linear warm-up and a cosine to 0 over all steps."""
    warmup = round(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, steps * epochs - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    common: dict[str, Any] = {
        "weight_decay": config.weight_decay or None,
        "use_ema": bool(config.ema),
        "ema_momentum": config.ema or 0.99,
    }
    if config.name == "sgd":
        optimiser = keras.optimizers.SGD(
            schedule, momentum=config.momentum, nesterov=True, **common
        )
    else:
        optimiser = keras.optimizers.AdamW(schedule, **common)
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimiser


def train(config: TrainConfig, resume: bool = False) -> Path:
    """Trains to the end and returns the run's directory.

    Raises:
        DatasetError, TrainingError: before the first epoch, if the run cannot work.
    """
    run = Run(config, load_data(config), resume)
    run.fit()
    return config.directory
