"""Beginning with a published model's weights, and keeping account of whose they were."""

import json
import logging
from pathlib import Path
from typing import Any

from fer_core.atomic import atomic_file
from fer_core.cards import read_card
from fer_core.emotions import EMOTIONS
from fer_core.errors import TrainingError
from fer_core.resources import model_dir
from fer_core.training.backend import keras
from fer_core.training.cnn import begin_with

INIT = "init.json"

log = logging.getLogger(__name__)


def begin_from(model: str, network: Any, run: Path) -> None:
    """Gives a run's network the weights of a published model, and notes it in `init.json`.

    The note is kept with the run: a model of that name may be replaced, by this very run too.

    Args:
        model: name or directory of the model.
        network: as `build_cnn` makes it.
        run: the run's directory.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: it has other classes, or no layer that fits.
    """
    card, weights = read_card(model, "classifier")
    if card.classes != EMOTIONS:
        raise TrainingError(
            f"init={model}: expected the classes {', '.join(EMOTIONS)}, "
            f"got {', '.join(card.classes)}"
        )
    taken = begin_with(network, keras.saving.load_model(weights, compile=False))
    if not taken:
        raise TrainingError(f"init={model}: none of its layers fits the network of this run")
    log.info("begins with the weights of %d layers of %s", taken, card.name)
    with atomic_file(run / INIT) as temporary:
        temporary.write_text(json.dumps(note_of(weights.parent), indent=2) + "\n", "utf-8")


def lineage(run: Path, init: str | None) -> dict[str, Any] | None:
    """What a run began with: `name`, `sha256` and `trained` of that model's card.

    `trained` holds `init` in its turn if that model began with another. None if the run began
    with random weights.

    Args:
        run: the run's directory.
        init: the run's setting of that name.
    """
    if init is None:
        return None
    note = run / INIT
    # A run that began before notes were kept has none.
    return json.loads(note.read_text("utf-8")) if note.is_file() else note_of(init)


def note_of(model: str | Path) -> dict[str, Any]:
    """What a card of another model says of this one: its `name`, `sha256` and `trained`."""
    card = json.loads((model_dir(model) / "card.json").read_text("utf-8"))
    return {key: card.get(key) for key in ("name", "sha256", "trained")}
