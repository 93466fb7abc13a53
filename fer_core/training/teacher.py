"""Learning from a published model's opinions too, beside the labels.

Hinton et al., "Distilling the Knowledge in a Neural Network" (2015). FER2013's labels are wrong or
arguable for about a third of its faces; a network that has seen all of them is a second opinion.
The teacher judges each training picture once, as it is and mirrored, before the first epoch.
"""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.atomic import atomic_file
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.config import ClassifyConfig
from fer_core.training.dataset import FaceSet
from fer_core.training.evaluate import check_size, probabilities_of
from fer_core.training.lineage import note_of
from fer_core.types import FloatArray

TEACHER = "teacher.npz"

log = logging.getLogger(__name__)


def taught(run: Path, model: str, faces: FaceSet) -> FloatArray:
    """(n, 7) probabilities that a published model gives the faces, kept in the run's directory.

    Kept, because the model may be replaced before the run is resumed, by this very run too.

    Args:
        run: the run's directory.
        model: name or directory of the teacher.
        faces: of the teacher's input size.

    Raises:
        ModelError: there is no such model, or it is damaged.
        DatasetError: it takes pictures of another size.
    """
    file = run / TEACHER
    if not file.is_file():
        log.info("%s judges %d faces", model, len(faces))
        classifier = KerasClassifier.load(ClassifyConfig(model=model, flip=True))
        check_size(classifier, faces)
        probabilities = probabilities_of(classifier, faces.images)
        with atomic_file(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, probabilities=probabilities, note=json.dumps(note_of(model)))
    with np.load(file) as kept:
        return kept["probabilities"]


def teacher_of(run: Path) -> dict[str, Any] | None:
    """`name`, `sha256` and `trained` of the card of a run's teacher; None without one."""
    if not (run / TEACHER).is_file():
        return None
    with np.load(run / TEACHER) as kept:
        return json.loads(str(kept["note"]))
