"""A training run: from settings and faces to checkpoints, a log and pictures.

`runs/<name>/` holds `config.yaml`, `last.npz` (everything, to go on from), `best.npz` (the
averaged weights of the best epoch), `history.csv`, the same for TensorBoard, and `samples.png`
and `curves.png` to look at; `init.json` says what the run began with, if not with random weights.
The pictures show faces of the training data: a run's directory is not for publishing.
"""

import csv
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.errors import TrainingError
from fer_core.settings import dump_config, load_config
from fer_core.training.augment import Augment
from fer_core.training.backend import keras, ops
from fer_core.training.batches import Batches
from fer_core.training.callbacks import EpochEnd, Progress
from fer_core.training.cnn import LABEL_HEAD, VOTES_HEAD, build_cnn
from fer_core.training.config import TrainConfig
from fer_core.training.dataset import VOTES
from fer_core.training.environment import describe_environment, share_devices
from fer_core.training.lineage import begin_from
from fer_core.training.optimiser import make_optimiser
from fer_core.training.plots import plot_curves, save_samples
from fer_core.training.scalars import add_scalars, begin_scalars
from fer_core.training.selection import TrainingData, load_data
from fer_core.training.state import load_facts, load_state, save_state
from fer_core.training.teacher import TEACHER, taught
from fer_core.types import FloatArray

log = logging.getLogger(__name__)

LAST = "last.npz"
BEST = "best.npz"
HISTORY = "history.csv"
CURVES = "curves.png"
SETTINGS = "config.yaml"
SAMPLES = 48

OnEpoch = Callable[[dict[str, float]], None]
"""Told of an epoch that ended and is saved: `epoch`, `loss`, `accuracy` (of the averaged weights
on the validation faces, 0–1), `learning_rate` and `seconds`."""


def train(config: TrainConfig, resume: bool = False, on_epoch: OnEpoch = lambda row: None) -> Path:
    """Trains to the end and returns the run's directory.

    Args:
        config: all settings.
        resume: go on from the last checkpoint of the run of that name.
        on_epoch: called after each epoch.

    Raises:
        DatasetError, TrainingError: before the first epoch, if the run cannot work; or later,
            when a file of the run cannot be written.
    """
    data = load_data(config.data)
    try:
        Run(config, data, resume, on_epoch).fit()
    except OSError as error:
        raise TrainingError(
            f"cannot write to {config.directory}: {error}; finished epochs are kept in it: make "
            "room and go on with --resume"
        ) from error
    return config.directory


class Run:
    """One training run and its network. It may be taken up again where it stopped.

    Args:
        config: all settings.
        data: the faces.
        resume: go on from the run's last checkpoint.
        on_epoch: called after each epoch.

    Raises:
        TrainingError: the run's directory holds another run, or nothing to resume.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: TrainingData,
        resume: bool = False,
        on_epoch: OnEpoch = lambda row: None,
    ) -> None:
        self.config = config
        self.on_epoch = on_epoch
        self.directory = config.directory
        self.history: list[dict[str, float]] = []
        self.environments = [describe_environment()]
        resume = self._claim_directory(resume)
        self.data = self._with_teacher(data)
        share_devices(config.batch_size)
        keras.utils.set_random_seed(config.seed)
        keras.mixed_precision.set_dtype_policy(config.precision)
        with_votes = bool(config.loss.votes_weight) and data.train.votes is not None
        self.votes = len(VOTES) if with_votes else 0
        self.cnn = build_cnn(config.model, config.data.size, self.votes)
        if config.init and not resume:
            begin_from(config.init, self.cnn, self.directory)
        self.model = self._training_model()
        if resume:
            self._take_up()

    @property
    def variables(self) -> list[Any]:
        """All that a checkpoint holds: of the network, its augmentation and the optimiser."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def fit(self) -> None:
        """Trains to the last epoch, with a checkpoint after each."""
        done = len(self.history)
        begin_scalars(self.directory, self.history)
        if done:
            self._write_history()  # a kill may have come between the checkpoint and the log
        if done < self.config.epochs and not self._has_lost_patience():
            self._fit_from(done)
        plot_curves(self.directory / CURVES, self.history)

    def _fit_from(self, done: int) -> None:
        batches = Batches(self.data.train, self.config, done)
        if not done:
            self._save_samples(batches)
        self.model.fit(
            batches,
            initial_epoch=done,
            epochs=self.config.epochs,
            steps_per_epoch=batches.steps,
            shuffle=False,  # the batches are shuffled already, by epoch and seed
            verbose=0,
            callbacks=[Progress(self.config.epochs), EpochEnd(self.config.seed, self.end_epoch)],
        )

    def end_epoch(self, loss: float, seconds: float) -> bool:
        """Measures the averaged weights, saves what is to be kept; whether to stop here."""
        weights = self.model.trainable_variables
        trained = [variable.numpy() for variable in weights]
        self.model.optimizer.finalize_variable_values(weights)
        for variable in weights:
            # A copy: JAX's predict consumes the arrays it is given, here the averages' own.
            variable.assign(variable.numpy().copy())
        row = {
            "epoch": len(self.history) + 1,
            "loss": round(loss, 5),
            "accuracy": self._validation_accuracy(),
            "learning_rate": float(ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "seconds": round(seconds, 1),
        }
        best = max((earlier["accuracy"] for earlier in self.history), default=-1.0)
        self.history.append(row)
        if row["accuracy"] > best:
            facts = {"epoch": row["epoch"], "votes": self.votes}
            save_state(self.directory / BEST, self.cnn.variables, facts)
        for variable, value in zip(weights, trained, strict=True):
            variable.assign(value)
        facts = {"history": self.history, "environments": self.environments}
        save_state(self.directory / LAST, self.variables, facts)
        self._write_history()
        add_scalars(self.directory, row)
        log.info(
            "epoch %d of %d: loss %.4f, validation accuracy %.4f, %.0f s",
            *(row["epoch"], self.config.epochs, loss, row["accuracy"], seconds),
        )
        self.on_epoch(row)
        return self._has_lost_patience()

    def _claim_directory(self, resume: bool) -> bool:
        """Whether there is a checkpoint to go on from: none if the first epoch did not end."""
        settings = self.directory / SETTINGS
        exists = (self.directory / LAST).is_file()
        if resume and not exists and not settings.is_file():
            raise TrainingError(f"{self.directory}: expected a run to resume, got no {LAST}")
        if resume and exists and not self._continues(load_config(TrainConfig, settings)):
            raise TrainingError(
                f"{settings} differs from the settings given, but a run goes on only with its "
                "own: give those, or another name (only `epochs` may change, as long as the rate "
                "stays: see optimiser.decay_epochs)"
            )
        if exists and not resume:
            raise TrainingError(
                f"{self.directory} holds a run already: go on with --resume, or set another name"
            )
        if not exists:  # what a run left that ended before its first checkpoint
            (self.directory / TEACHER).unlink(missing_ok=True)
        with atomic_file(settings) as temporary:
            temporary.write_text(dump_config(self.config), encoding="utf-8")
        return exists

    def _continues(self, earlier: TrainConfig) -> bool:
        """Whether this run's settings only lengthen or shorten the plateau of the earlier ones."""
        if earlier == self.config:
            return True
        decay, epochs = self.config.optimiser.decay_epochs, self.config.epochs
        done = len(load_facts(self.directory / LAST)["history"])
        same = earlier.model_copy(update={"epochs": epochs}) == self.config
        return same and decay is not None and done <= min(earlier.epochs, epochs) - decay

    def _with_teacher(self, data: TrainingData) -> TrainingData:
        teacher = self.config.loss.teacher
        if teacher is None:
            return data
        opinions = taught(self.directory, teacher, data.train)
        return replace(data, train=replace(data.train, taught=opinions))

    def _take_up(self) -> None:
        file = self.directory / LAST
        load_state(file, self.variables)
        facts = load_facts(file)
        self.history = facts["history"]
        earlier = facts["environments"]
        self.environments = earlier + [e for e in self.environments if e not in earlier]
        log.info("goes on after epoch %d", len(self.history))

    def _training_model(self) -> Any:
        config = self.config
        batches = Batches(self.data.train, config)
        example, _ = batches[0]
        inputs = {
            name: keras.Input(array.shape[1:], name=name, dtype=str(array.dtype))
            for name, array in example.items()
        }
        self.augment = Augment(config.augment, config.data.size)
        outputs = self.cnn(self.augment(inputs))
        model = keras.Model(inputs, outputs, name="training")
        model.compile(
            optimizer=make_optimiser(config.optimiser, batches.steps, config.epochs),
            loss={name: keras.losses.CategoricalCrossentropy(from_logits=True) for name in outputs},
            loss_weights={
                name: config.loss.votes_weight if name == VOTES_HEAD else 1.0 for name in outputs
            },
            # JAX is slow without XLA; on a CPU, TensorFlow was slower with it (62 against 124
            # pictures a second).
            jit_compile=keras.backend.backend() == "jax",
        )
        model.optimizer.build(model.trainable_variables)
        return model

    def _validation_accuracy(self) -> float:
        faces = self.data.validation
        # Whole batches, filled up with faces again: several devices share no rest.
        n, batch_size = len(faces), self.config.batch_size
        images = np.resize(faces.images, (n + -n % batch_size, *faces.images.shape[1:], 1))
        outputs: dict[str, FloatArray] = self.cnn.predict(images, batch_size, verbose=0)
        found = outputs[LABEL_HEAD][:n].argmax(axis=1)
        return round(float(np.mean(found == faces.labels)), 5)

    def _has_lost_patience(self) -> bool:
        patience = self.config.early_stopping
        if patience is None or not self.history:
            return False
        accuracies = [row["accuracy"] for row in self.history]
        return len(accuracies) - 1 - int(np.argmax(accuracies)) >= patience

    def _write_history(self) -> None:
        with (
            atomic_file(self.directory / HISTORY) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, self.history[0])
            writer.writeheader()
            writer.writerows(self.history)

    def _save_samples(self, batches: Batches) -> None:
        inputs, _ = batches[0]
        few = {name: array[:SAMPLES] for name, array in inputs.items()}
        varied = ops.convert_to_numpy(self.augment(few)).round().astype(np.uint8)
        save_samples(self.directory / "samples.png", few["image"][..., 0], varied[..., 0])
