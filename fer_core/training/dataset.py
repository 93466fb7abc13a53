"""Labelled faces in memory.

A face is 48×48 bytes, so FER2013 whole is 80 MB: it is held as uint8 and never streamed.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from fer_core.emotions import EMOTIONS, NUM_EMOTIONS
from fer_core.types import ByteArray, FloatArray

VOTES = "neutral happiness surprise sadness anger disgust fear contempt unknown NF".split()
"""FER+'s ten columns (Barsoum et al., 2016), each with the prefix `fp_` in Parquet files."""

_VOTES_OF_EMOTIONS = "anger disgust fear happiness sadness surprise neutral".split()


@dataclass(frozen=True)
class FaceSet:
    """n labelled faces.

    Args:
        name: of the file or dataset they came from.
        images: (n, size, size) uint8, grey.
        labels: (n,) int64, indices into `EMOTIONS`.
        votes: (n, 10) float32 FER+ vote counts in the order of `VOTES`, or None.
        taught: (n, 7) float32 probabilities that a teacher gave them, or None.
    """

    name: str
    images: ByteArray
    labels: np.ndarray
    votes: FloatArray | None = None
    taught: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, keep: np.ndarray) -> "FaceSet":
        """Those faces where `keep` (n,) is true."""
        votes = None if self.votes is None else self.votes[keep]
        taught = None if self.taught is None else self.taught[keep]
        return FaceSet(self.name, self.images[keep], self.labels[keep], votes, taught)

    def counts(self) -> dict[str, int]:
        """How many faces each emotion has."""
        numbers = np.bincount(self.labels, minlength=NUM_EMOTIONS)
        return dict(zip(EMOTIONS, numbers.tolist(), strict=True))

    def digests(self) -> np.ndarray:
        """(n,) uint64, the first bytes of each picture's SHA-256: equal for equal pictures."""
        whole = [hashlib.sha256(image.tobytes()).digest()[:8] for image in self.images]
        return np.frombuffer(b"".join(whole), np.uint64)

    def fingerprint(self) -> str:
        """16 hex digits over all pictures and labels, in their order."""
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.astype(np.int64).tobytes())
        return digest.hexdigest()[:16]

    def emotion_votes(self) -> FloatArray:
        """(n, 7) shares of the FER+ votes for the seven emotions; rows without any are 0.

        Contempt, unknown and no-face have no place among the seven.
        """
        assert self.votes is not None, "these faces have no votes"
        votes = self.votes[:, [VOTES.index(name) for name in _VOTES_OF_EMOTIONS]]
        return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
