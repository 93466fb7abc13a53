"""Batches of pictures, what is to happen to them, and what the network should say."""

import numpy as np

from fer_core.emotions import NUM_EMOTIONS
from fer_core.training.augment import BLURS, SHRINKS
from fer_core.training.backend import keras
from fer_core.training.cnn import LABEL_HEAD, VOTES_HEAD
from fer_core.training.config import LossConfig, TrainConfig
from fer_core.training.dataset import FaceSet
from fer_core.training.draws import draw
from fer_core.types import FloatArray


class Batches(keras.utils.PyDataset):
    """The training data, shuffled anew each epoch; the last, short batch is left out.

    Batch i of epoch e is the same in every process and on every backend: order and variations
    come from the seed, e and i alone, so that a resumed run goes on as if never stopped.

    Args:
        faces: what to learn from.
        config: of the run.
        epoch: the epoch, from 0, that comes first.
    """

    def __init__(self, faces: FaceSet, config: TrainConfig, epoch: int = 0):
        super().__init__(workers=1)
        self.faces = faces
        self.config = config
        self.batch_size = min(config.batch_size, len(faces))
        self.targets = targets(faces, config.loss)
        self.start_epoch(epoch)

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self.faces))

    def __len__(self) -> int:
        return steps_per_epoch(len(self.faces), self.batch_size)

    def __getitem__(self, step: int):
        rows = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng((self.config.seed, self.epoch, step))
        inputs = draw(self.config.augment, rng, len(rows), (BLURS, SHRINKS))
        wanted = {head: values[rows] for head, values in self.targets.items()}
        if self.config.augment.mixup:
            # Mirrors what `augment.mix` does to the pictures.
            share = inputs["mix"][:, None]
            wanted = {h: y * share + y[::-1] * (1 - share) for h, y in wanted.items()}
        return {"image": self.faces.images[rows][..., None], **inputs}, wanted

    def on_epoch_end(self) -> None:
        self.start_epoch(self.epoch + 1)


def steps_per_epoch(faces: int, batch_size: int) -> int:
    return max(1, faces // batch_size)


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
    wanted[LABEL_HEAD] = label * (1 - config.label_smoothing) + (
        config.label_smoothing / NUM_EMOTIONS
    )
    weights = face_weights(faces, config)[:, None]
    return {head: (values * weights).astype(np.float32) for head, values in wanted.items()}


def face_weights(faces: FaceSet, config: LossConfig) -> FloatArray:
    """(n,) weights of mean 1: all 1, or the inverse of how frequent the face's class is."""
    if config.class_weights == "none":
        return np.ones(len(faces), np.float32)
    counts = np.bincount(faces.labels, minlength=NUM_EMOTIONS)
    return (len(faces) / (NUM_EMOTIONS * counts))[faces.labels].astype(np.float32)
