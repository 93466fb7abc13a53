"""Batches of pictures, what is to happen to them, and what the network should say."""

from functools import lru_cache

import numpy as np

from fer_core.emotions import NUM_EMOTIONS
from fer_core.training.augment import BLURS, SHRINKS
from fer_core.training.backend import keras
from fer_core.training.cnn import LABEL_HEAD, VOTES_HEAD
from fer_core.training.config import LossConfig, TrainConfig
from fer_core.training.dataset import FaceSet
from fer_core.training.draws import Draws, draw
from fer_core.types import FloatArray


class Batches(keras.utils.PyDataset):
    """The batches of a whole run, all epochs in one row; of each epoch the short rest is left out.

    Batch i is the same in every process and on every backend: order and variations come from
    the seed, the epoch and the step alone, so that a resumed run goes on as if never stopped.
    (Keras reads ahead into the next epoch, so a dataset cannot be told of its epochs.)

    Args:
        faces: what to learn from.
        config: of the run.
        done: epochs that are finished and left out at the front.
    """

    def __init__(self, faces: FaceSet, config: TrainConfig, done: int = 0) -> None:
        super().__init__(workers=1)
        self.faces = faces
        self.config = config
        self.done = done
        self.batch_size = min(config.batch_size, len(faces))
        self.steps = len(faces) // self.batch_size
        self.targets = targets(faces, config.loss)
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return self.steps * (self.config.epochs - self.done)

    def __getitem__(self, index: int) -> tuple[Draws, dict[str, FloatArray]]:
        epoch, step = divmod(index, self.steps)
        epoch += self.done
        rows = self._order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng((self.config.seed, epoch, step))
        inputs = draw(self.config.augment, rng, len(rows), (BLURS, SHRINKS))
        wanted = {head: values[rows] for head, values in self.targets.items()}
        if self.config.augment.mixup:
            # Mirrors what `augment.mix` does to the pictures.
            share = inputs["mix"][:, None]
            wanted = {h: y * share + y[::-1] * (1 - share) for h, y in wanted.items()}
        return {"image": self.faces.images[rows][..., None], **inputs}, wanted

    def _shuffled(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.config.seed, epoch)).permutation(len(self.faces))


def targets(faces: FaceSet, config: LossConfig) -> dict[str, FloatArray]:
    """What each head should say of each face: float32 distributions times the face's weight."""
    label = np.eye(NUM_EMOTIONS, dtype=np.float32)[faces.labels]
    wanted = {}
    if faces.votes is not None:
        if config.votes_blend:
            votes = faces.emotion_votes()
            blend = config.votes_blend * votes.sum(axis=1, keepdims=True)
            label = (1 - blend) * label + config.votes_blend * votes
        if config.votes_weight:
            wanted[VOTES_HEAD] = faces.votes / np.maximum(faces.votes.sum(1, keepdims=True), 1)
    label = label * (1 - config.label_smoothing) + config.label_smoothing / NUM_EMOTIONS
    if faces.taught is not None:
        label = (1 - config.teacher_blend) * label + config.teacher_blend * faces.taught
    wanted[LABEL_HEAD] = label
    weights = face_weights(faces, config)[:, None]
    return {head: (values * weights).astype(np.float32) for head, values in wanted.items()}


def face_weights(faces: FaceSet, config: LossConfig) -> FloatArray:
    """(n,) weights of mean 1: all 1, or the inverse of how frequent the face's class is."""
    if config.class_weights == "none":
        return np.ones(len(faces), np.float32)
    counts = np.bincount(faces.labels, minlength=NUM_EMOTIONS)
    return (len(faces) / (NUM_EMOTIONS * counts))[faces.labels].astype(np.float32)
