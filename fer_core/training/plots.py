"""Pictures of a run and of an evaluation, as PNG."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fer_core.atomic import atomic_file
from fer_core.emotions import EMOTIONS
from fer_core.types import ByteArray

matplotlib.use("agg")


def plot_curves(file: Path, history: list[dict[str, float]]) -> None:
    """Loss and validation accuracy over the epochs of a run's history."""
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(8, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in history])
    loss.set(xlabel="epoch", ylabel="training loss")
    accuracy.plot(epochs, [row["accuracy"] for row in history])
    accuracy.set(xlabel="epoch", ylabel="validation accuracy, averaged weights")
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
    _save(figure, file)


def plot_confusion(file: Path, confusion: list[list[int]], title: str) -> None:
    """A confusion matrix: shares of each true emotion, with the numbers of faces."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.5, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="said", ylabel="true", title=title)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{share:.0%}\n{counts[row, column]}"
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    _save(figure, file)


def save_samples(file: Path, before: ByteArray, after: ByteArray, columns: int = 12) -> None:
    """Pictures above what augmentation made of them, at twice their size.

    Args:
        file: the PNG.
        before: (n, side, side) uint8.
        after: the same pictures, varied.
        columns: pairs beside each other; what does not fill a row is left out.
    """
    pairs = np.concatenate((before, after), axis=1)
    rows = [np.hstack(list(pairs[i : i + columns])) for i in range(0, len(pairs), columns)]
    sheet = np.vstack([row for row in rows if row.shape == rows[0].shape])
    large = cv2.resize(sheet, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    encoded, png = cv2.imencode(".png", large)
    assert encoded, "a grey uint8 picture can be encoded"
    with atomic_file(file) as temporary:  # OpenCV's imwrite says nothing of a full disk
        temporary.write_bytes(png.tobytes())


def _save(figure: Figure, file: Path) -> None:
    with atomic_file(file) as temporary:
        figure.savefig(temporary, dpi=120)
