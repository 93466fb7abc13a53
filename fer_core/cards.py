"""Model cards: what a directory under `models/` says of the network in it.

Only what inference needs is read here; a card may hold more (how it was trained, on what,
its metrics), which is for people.
"""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from fer_core.errors import ModelError
from fer_core.resources import model_dir


class InputSpec(BaseModel):
    """What a classifier's network takes: crops (n, size, size, channels), 0–255."""

    size: PositiveInt = 48
    channels: Literal[1] = 1


class Card(BaseModel):
    """The part of a `card.json` that inference relies on.

    Args:
        name: the model's name, as it is written into the records.
        kind: what it is for.
        weights: file name of the `.keras` file in the same directory.
        sha256: hash of that file, 64 hex digits.
        classes: names of the network's outputs in their order (classifiers).
        input: shape of the crops (classifiers).
        temperature: the logits are divided by this before the softmax (classifiers).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    kind: Literal["detector", "classifier"]
    weights: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    classes: tuple[str, ...] = ()
    input: InputSpec = InputSpec()
    temperature: PositiveFloat = 1.0


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's content as 64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_card(model: str | Path, kind: str) -> tuple[Card, Path]:
    """The card of a published model and the path of its weights, checked against each other.

    Args:
        model: name of a directory under `models/`, or a path to one.
        kind: "detector" or "classifier".

    Raises:
        ModelError: no such model, an unusable card, or weights that are missing or altered.
    """
    directory = model_dir(model)
    try:
        card = Card.model_validate(json.loads((directory / "card.json").read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise ModelError(f"{directory / 'card.json'} is no model card: {error}") from error
    if card.kind != kind:
        raise ModelError(f"model {card.name!r}: expected a {kind}, the card says {card.kind}")
    weights = directory / card.weights
    if not weights.is_file():
        raise ModelError(f"model {card.name!r}: {card.weights} is missing in {directory}")
    if (found := sha256_of(weights)) != card.sha256:
        raise ModelError(
            f"model {card.name!r}: {card.weights} has sha256 {found[:12]}…, the card expects "
            f"{card.sha256[:12]}…; restore the file or publish the model again"
        )
    return card, weights
