"""Labelled faces out of whatever they are kept in."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from fer_core.training.dataset import FaceSet
from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.read import is_dataset, read_dataset, read_faces


def load_faces(path: Path, size: int, split: str | None = None) -> tuple[FaceSet, Counter[str]]:
    """All labelled faces of a prepared dataset, or of anything that `fer prepare` reads.

    Args:
        path: a dataset's directory, also with a split behind it (`DIR/train`), or a file,
            directory or archive of faces.
        size: side in pixels that pictures are brought to, if they are not prepared yet.
        split: only faces of this split.

    Returns:
        The faces, and how many of what else was found there, by kind (unreadable pictures,
        unknown labels …); nothing is left out silently.

    Raises:
        InputError: there is nothing of a known kind.
        DatasetError: it is damaged, has no such split, or no faces.
    """
    if is_dataset(path):
        return read_dataset(path, split), Counter()
    faces, findings = read_faces([str(path)], split, PrepareConfig(size=size))
    return replace(faces, name=path.name), Counter(finding.kind for finding in findings)
