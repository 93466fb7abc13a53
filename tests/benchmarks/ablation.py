"""What each choice gives: the ablation table in the README of the shipped classifier.

Runs of `fer train` with the settings of `configs/train.yaml`, of which each changes one, one after
the other. They are kept in `runs/ablation-*`; started again, the script goes on where it was
stopped. The accuracies are those of PublicTest, which also chose the best epoch. Test-time flip
needs no run of its own: the best weights of the first one are measured with and without.

    python -m tests.benchmarks.ablation [EPOCHS]
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

RUNS, EPOCHS = Path("runs"), 10
PUBLIC_TEST = "../shared/data/fer2013/PublicTest.parquet"
ROWS = {
    "base": ("as in configs/train.yaml", []),
    "narrow": (
        "half the width (16, 32, 64, 128 channels)",
        ["model.stem=16", "model.widths=[32, 64, 128]"],
    ),
    "no-votes": ("without the FER+ head", ["loss.votes_weight=0"]),
    "mixup": ("with mixup (0.2)", ["augment.mixup=0.2"]),
    "no-ema": ("without averaged weights (EMA)", ["optimiser.ema=0"]),
}


def fer(*arguments: str) -> str:
    """Runs a command of `fer`, in a process of its own; returns what it printed."""
    command = [sys.executable, "-m", "fer_core.cli.main", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def accuracies(row: str) -> list[float]:
    """PublicTest after each finished epoch of a row's run."""
    history = RUNS / f"ablation-{row}" / "history.csv"
    if not history.is_file():
        return []
    with history.open() as stream:
        return [float(epoch["accuracy"]) for epoch in csv.DictReader(stream)]


def train(row: str, changes: list[str], epochs: int) -> None:
    """Brings a row's run to its last epoch."""
    settings = [f"name=ablation-{row}", f"runs={RUNS}", f"epochs={epochs}", *changes]
    arguments = ["train", "--config", "configs/train.yaml"]
    arguments += [part for setting in settings for part in ("--set", setting)]
    done = len(accuracies(row))
    if done < epochs:
        fer(*arguments, *(["--resume"] if done else []))


def flips() -> list[float]:
    """PublicTest with the best weights of the first run: as they are, and with mirror images."""
    models = RUNS / "ablation-models"
    fer("publish", f"{RUNS}/ablation-base", "--name=base", f"--models={models}", "--no-robustness")
    measure = ["evaluate", "--data", PUBLIC_TEST, "--model", f"{models}/base", "--json"]
    printed = [fer(*measure), fer(*measure, "--flip")]
    return [json.loads(text.splitlines()[-1])["accuracy"] for text in printed]


def main(epochs: int) -> None:
    for row, (_, changes) in ROWS.items():
        train(row, changes, epochs)
    print("| | best epoch | last epoch |\n|---|---|---|")
    for row, (what, _) in ROWS.items():
        reached = accuracies(row)
        print(f"| {what} | {max(reached):.2%} | {reached[-1]:.2%} |")
    plain, flipped = flips()
    print(f"\nBest weights of the first, exported: {plain:.2%}, with flips {flipped:.2%}.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EPOCHS)
