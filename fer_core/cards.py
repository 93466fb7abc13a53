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


class CpuGraph(BaseModel):
    """The network as OpenVINO runs it, in files that `fer_core.export` made of the weights.

    Args:
        graph: name of the `.xml` file in the same directory; its `.bin` file lies beside it.
        sha256: hash of each of the files, by name.
        made_from: hash of the weights they were made from.
        bfloat16: whether computing in that type was measured and costs no accuracy.
    """

    graph: str
    sha256: dict[str, str]
    made_from: str
    bfloat16: bool = False


class Card(BaseModel):
    """The part of a `card.json` that inference relies on.

    Args:
        name: the model's name, as it is written into the records.
        kind: what it is for.
        weights: file name of the `.keras` file in the same directory.
        sha256: hash of that file, 64 hex digits.
        cpu: the same network for the CPU, if it was exported.
        classes: names of the network's outputs in their order (classifiers).
        input: shape of the crops (classifiers).
        temperature: the logits are divided by this before the softmax (classifiers).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    kind: Literal["detector", "classifier"]
    weights: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    cpu: CpuGraph | None = None
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
        ModelError: no such model, an unusable card, or files that are missing or altered.
    """
    directory = model_dir(model)
    try:
        card = Card.model_validate(json.loads((directory / "card.json").read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise ModelError(f"{directory / 'card.json'} is no model card: {error}") from error
    if card.kind != kind:
        raise ModelError(f"model {card.name!r}: expected a {kind}, the card says {card.kind}")
    _check_file(card, directory / card.weights, card.sha256)
    if card.cpu:
        for name, sha256 in card.cpu.sha256.items():
            _check_file(card, directory / name, sha256)
        if card.cpu.made_from != card.sha256:
            raise ModelError(
                f"model {card.name!r}: {card.cpu.graph} was made from other weights than "
                f"{card.weights}; run python -m fer_core.export {directory}"
            )
    return card, directory / card.weights


def _check_file(card: Card, file: Path, sha256: str) -> None:
    if not file.is_file():
        raise ModelError(f"model {card.name!r}: {file.name} is missing in {file.parent}")
    if (found := sha256_of(file)) != sha256:
        raise ModelError(
            f"model {card.name!r}: {file.name} has sha256 {found[:12]}…, the card expects "
            f"{sha256[:12]}…; restore the file or publish the model again"
        )
