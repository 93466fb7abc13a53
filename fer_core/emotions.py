"""The seven emotions and their order: the only place where they stand.

The order is that of FER2013's integer labels (Goodfellow et al., 2013). Every array whose
last axis is 7 long follows it, whatever order a model was trained with: its card says how
to map its outputs onto this one.
"""

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = (
    "angry",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
    "neutral",
)

NUM_EMOTIONS: Final[int] = len(EMOTIONS)

PROBABILITY_COLUMNS: Final[tuple[str, ...]] = tuple(f"p_{name}" for name in EMOTIONS)
"""Names of the probability columns in the records, in the order of `EMOTIONS`."""
