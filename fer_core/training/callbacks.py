"""What happens between the epochs of `fit`."""

import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from fer_core.training.backend import keras


class EpochEnd(keras.callbacks.Callback):
    """Hands over to the run when an epoch is done, and stops when the run says so."""

    def __init__(self, seed: int, end_epoch: Callable[[float, float], bool]) -> None:
        super().__init__()
        self.seed = seed
        self.end_epoch = end_epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch = epoch
        self.began = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if batch == 0:
            # PyTorch's dropout draws from a global generator, which no checkpoint holds.
            keras.utils.set_random_seed(self.seed + self.epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # On JAX, asking a callback for its model is what brings the variables up to date.
        model = self.model
        loss = float((logs or {})["loss"])
        model.stop_training = self.end_epoch(loss, time.monotonic() - self.began)


class Progress(keras.callbacks.Callback):
    """A bar of the epoch's steps; none where standard error is no terminal."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        name = f"epoch {epoch + 1}/{self.epochs}"
        self.bar = tqdm(total=self.params["steps"], desc=name, leave=False, disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.bar.close()
