"""`fer evaluate`: measure a published classifier on labelled faces."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_core.cli.options import AsJson, Debug

if TYPE_CHECKING:
    from fer_core.training.evaluate import Evaluation


def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DATA", help="Labelled faces: what fer prepare writes or reads."
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME|DIR", help="Classifier that is measured.")
    ] = "fer-cnn",
    split: Annotated[
        str | None, typer.Option("--split", metavar="S", help="Only faces of this split.")
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Measure perturbed faces too.")
    ] = False,
    flip: Annotated[
        bool, typer.Option("--flip", help="Average each face with its mirror image.")
    ] = False,
    confusion: Annotated[
        Path | None,
        typer.Option("--confusion", metavar="FILE", help="Draw the confusion matrix, a PNG."),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|gpu", help="Where the network runs.")
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            metavar="auto|float32|bfloat16",
            help="What the network computes in on a CPU.",
        ),
    ] = "auto",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a classifier: accuracy, F1, calibration, and how it fares per emotion."""
    from fer_core.training.measure import measure

    def tell(what: str) -> None:
        if not as_json:
            typer.echo(f"measuring: {what}", err=True)

    evaluation, findings = measure(
        data,
        model,
        split=split,
        device=device,
        flip=flip,
        precision=precision,
        robustness=robustness,
        progress=tell,
    )
    if confusion is not None:
        from fer_core.training.plots import plot_confusion

        plot_confusion(confusion, evaluation.confusion, f"{model} on {data.name}")
    if as_json:
        facts = {"model": model, "data": str(data), "split": split, "findings": findings}
        typer.echo(json.dumps(facts | evaluation.as_dict()))
    else:
        typer.echo(_describe(evaluation))
        for kind, number in findings.items():
            typer.echo(f"{kind:<18} {number}")


def _describe(e: "Evaluation") -> str:
    lines = [
        f"faces              {e.n}",
        f"accuracy           {e.accuracy:.4f}",
        f"balanced accuracy  {e.balanced_accuracy:.4f}",
        f"macro F1           {e.macro_f1:.4f}",
        f"calibration error  {e.ece:.4f} (before the temperature {e.ece_uncalibrated:.4f})",
    ]
    if e.accuracy_unseen is not None:
        lines.append(f"not in training    {e.accuracy_unseen:.4f} of {e.n_unseen}")
    lines += [f"faces a second     {e.faces_per_second:.0f}", ""]
    lines.append(f"{'emotion':<10}{'precision':>10}{'recall':>8}{'F1':>8}{'faces':>7}")
    lines += [
        f"{name:<10}{s.precision:>10.3f}{s.recall:>8.3f}{s.f1:>8.3f}{s.support:>7}"
        for name, s in e.classes.items()
    ]
    if e.robustness:
        lines += ["", f"{'perturbed':<20}{'accuracy':>9}{'lost':>8}"]
        lines += [
            f"{name:<20}{share:>9.4f}{e.accuracy - share:>8.4f}"
            for name, share in e.robustness.items()
        ]
    return "\n".join(lines)
