"""From a run's best weights to a directory under `models/` that inference can use."""

import json
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_directory, atomic_file
from fer_core.cards import sha256_of
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.emotions import EMOTIONS
from fer_core.errors import InputError, TrainingError
from fer_core.export import export
from fer_core.settings import load_config
from fer_core.training.backend import keras
from fer_core.training.cnn import build_cnn, plain_cnn
from fer_core.training.config import TrainConfig
from fer_core.training.dataset import FaceSet
from fer_core.training.evaluate import Evaluation, evaluate, probabilities_of
from fer_core.training.half import measure_half
from fer_core.training.lineage import lineage
from fer_core.training.metrics import fit_temperature
from fer_core.training.readme import README, write_readme
from fer_core.training.selection import TrainingData, load_data
from fer_core.training.state import load_facts, load_state
from fer_core.training.teacher import teacher_of
from fer_core.training.train import BEST, HISTORY, LAST

WEIGHTS = "model.keras"
CARD = "card.json"
SEEN = "seen.npy"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"

NORMALISATION = {
    "standardise": "each picture is brought to mean 0 and standard deviation 1",
    "unit": "grey values are brought to 0–1",
    "signed": "grey values are brought to -1–1",
}


@dataclass(frozen=True)
class Published:
    """Where a model was published and what it reaches on the validation faces."""

    directory: Path
    evaluation: Evaluation


def publish(run: Path, name: str, models: Path, *, robustness: bool = True) -> Published:
    """Makes `models/<name>/` from a run; a model of that name is replaced once all is made.

    The temperature is fitted on the run's validation faces, and the metrics are those of the
    weights as they were read back from the published file.

    Args:
        run: the run's directory.
        name: of the model.
        models: the directory that holds all models.
        robustness: whether to measure the perturbations for the README too.

    Raises:
        InputError: the name cannot be that of a directory.
        TrainingError: there is no such run, or it has not finished an epoch.
        DatasetError: the run's data is gone or has changed its form.
        ModelError: the network cannot be exported for the CPU.
    """
    if not re.fullmatch(NAME, name):
        raise InputError(f"expected a name of letters, digits, '.', '_', '-' for a model: {name!r}")
    if not (run / BEST).is_file():
        raise TrainingError(f"{run}: expected a run with a {BEST}, got none; run fer train first")
    config = load_config(TrainConfig, run / "config.yaml")
    data = load_data(config.data)
    directory = (models / name).absolute()
    with atomic_directory(directory) as temporary:
        if (directory / README).is_file():  # its notes are kept
            shutil.copyfile(directory / README, temporary / README)
        evaluation = _make(temporary, run, config, data, robustness)
    return Published(directory, evaluation)


def _make(
    directory: Path, run: Path, config: TrainConfig, data: TrainingData, robustness: bool
) -> Evaluation:
    """Fills a directory that is named as the model."""
    model = _best_model(run, config)
    model.save(directory / WEIGHTS)
    np.save(directory / SEEN, np.unique(data.train.digests()))
    shutil.copyfile(run / HISTORY, directory / HISTORY)
    card = _card(directory, run, config, data, model.count_params())
    _write_card(directory, card)
    export(directory)
    card = json.loads((directory / CARD).read_text("utf-8"))
    card["temperature"] = _temperature(directory, data.validation)
    _write_card(directory, card)
    evaluation = _measure(directory, card, data, robustness)
    metrics = evaluation.as_dict() | {"bfloat16": measure_half(directory, data.validation)}
    # A speed belongs to the machine of the day, not to the model.
    del metrics["faces_per_second"]
    card["metrics"] = {config.data.validation_split or config.data.validation.stem: metrics}
    card["cpu"]["bfloat16"] = bool(metrics["bfloat16"] and metrics["bfloat16"]["allowed"])
    _write_card(directory, card)
    write_readme(directory, card)
    return evaluation


def _best_model(run: Path, config: TrainConfig) -> Any:
    votes = int(load_facts(run / BEST)["votes"])
    trained = build_cnn(config.model, config.data.size, votes)
    load_state(run / BEST, trained.variables)
    return plain_cnn(trained, config.model, config.data.size)


def _card(
    directory: Path, run: Path, config: TrainConfig, data: TrainingData, parameters: int
) -> dict[str, Any]:
    facts = load_facts(run / LAST)
    history = facts["history"]
    return {
        "name": directory.name,
        "kind": "classifier",
        "weights": WEIGHTS,
        "sha256": sha256_of(directory / WEIGHTS),
        "classes": list(EMOTIONS),
        "input": {"size": config.data.size, "channels": 1, "range": [0, 255]},
        "normalisation": f"inside the model: {NORMALISATION[config.model.normalise]}; give it "
        "grey values 0–255 as they are",
        "output": "logits",
        "temperature": 1.0,
        "parameters": parameters,
        "data": {"train": _facts_of(data.train), "validation": _facts_of(data.validation)},
        # Paths tell of the machine, not of the model.
        "config": config.model_dump(
            mode="json", exclude={"runs": True, "data": {"train", "validation"}}
        ),
        "keras": keras.__version__,
        "trained": {
            "epochs": len(history),
            "best_epoch": load_facts(run / BEST)["epoch"],
            "seconds": round(math.fsum(row["seconds"] for row in history)),
            "environments": facts["environments"],
            "init": lineage(run, config.init),
            "teacher": teacher_of(run),
        },
    }


def _facts_of(faces: FaceSet) -> dict[str, Any]:
    return {
        "name": faces.name,
        "faces": len(faces),
        "counts": faces.counts(),
        "fingerprint": faces.fingerprint(),
    }


def _temperature(directory: Path, faces: FaceSet) -> float:
    classifier = KerasClassifier.load(_full_precision(directory))
    return fit_temperature(probabilities_of(classifier, faces.images), faces.labels)


def _full_precision(directory: Path) -> ClassifyConfig:
    return ClassifyConfig(model=str(directory), precision="float32")


def _measure(
    directory: Path, card: dict[str, Any], data: TrainingData, robustness: bool
) -> Evaluation:
    return evaluate(
        KerasClassifier.load(_full_precision(directory)),
        data.validation,
        temperature=card["temperature"],
        seen=np.load(directory / SEEN),
        robustness=robustness,
    )


def _write_card(directory: Path, card: dict[str, Any]) -> None:
    with atomic_file(directory / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
