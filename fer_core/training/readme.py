"""The README of a published model: its card in words and tables."""

from pathlib import Path
from typing import Any

from fer_core.atomic import atomic_file

README = "README.md"
NOTES = "## Notes"
"""What stands in a README from this line on was written by a person, and is kept."""


def write_readme(directory: Path, card: dict[str, Any]) -> None:
    """Writes `README.md` beside a card; notes in an earlier one stay at its end."""
    file = directory / README
    earlier = file.read_text("utf-8") if file.is_file() else ""
    start = earlier.find(NOTES)
    notes = earlier[start:] if start >= 0 else ""
    with atomic_file(file) as temporary:
        temporary.write_text("\n".join((*_sections(card), notes)).rstrip() + "\n", "utf-8")


def _sections(card: dict[str, Any]) -> list[str]:
    [(split, metrics)] = card["metrics"].items()
    return [
        _introduction(card, split, metrics),
        _training(card),
        _quality(split, metrics),
        _robustness(metrics),
        _limits(card, metrics),
        _PURPOSE,
    ]


def _introduction(card: dict[str, Any], split: str, metrics: dict[str, Any]) -> str:
    size = card["input"]["size"]
    return f"""# {card["name"]}

Tells the emotion of a face: one of {", ".join(card["classes"])}.

| | |
|---|---|
| takes | (n, {size}, {size}, 1), grey 0–255; it normalises by itself |
| gives | (n, {len(card["classes"])}) logits; divide by {card["temperature"]}, then softmax |
| parameters | {card["parameters"]:,} |
| accuracy | {_percent(metrics["accuracy"])} on {split} ({metrics["n"]:,} faces) |
| file | `{card["weights"]}`, loads with Keras 3 in safe mode; SHA-256 in `card.json` |
"""


def _training(card: dict[str, Any]) -> str:
    config, trained, data = card["config"], card["trained"], card["data"]
    machines = "; ".join(_machine(environment) for environment in trained["environments"])
    stages = ", ".join(
        f"{blocks} × {width}"
        for width, blocks in zip(config["model"]["widths"], config["model"]["blocks"], strict=True)
    )
    return f"""## How it was trained
A residual network with squeeze-and-excitation (blocks × channels: {stages}),
{_beginning(trained)}, on {data["train"]["faces"]:,} faces of {data["train"]["name"]};
the epoch and the temperature were chosen by {data["validation"]["faces"]:,} faces of
{data["validation"]["name"]}.
{trained["epochs"]} epochs of {_schedule(config["optimiser"])}, batches of {config["batch_size"]},
{config["precision"]}; {"; ".join(_choices(config, trained.get("teacher")))}.
The pictures were varied: {_variations(config["augment"])}.
Best was epoch {trained["best_epoch"]}. It took {trained["seconds"] / 60:.0f} minutes on {machines}.
All settings stand in `card.json`.
"""


def _beginning(trained: dict[str, Any]) -> str:
    """What the weights were at first, through all models that stood before this one."""
    init = trained.get("init")
    if not init:
        return "from scratch"
    earlier = init.get("trained") or {}
    epochs = f", {earlier['epochs']} epochs {_beginning(earlier)}" if "epochs" in earlier else ""
    return f"from the weights of {init['name']} (SHA-256 {init['sha256'][:12]}…{epochs})"


def _schedule(optimiser: dict[str, Any]) -> str:
    rate, decay = optimiser["learning_rate"], optimiser.get("decay_epochs")
    if decay is None:
        return f"{optimiser['name']} with a cosine from {rate} to 0"
    return f"{optimiser['name']} at a rate of {rate} that falls to 0 over the last {decay:g} epochs"


def _choices(config: dict[str, Any], teacher: dict[str, Any] | None) -> list[str]:
    loss, ema, mixup = config["loss"], config["optimiser"]["ema"], config["augment"]["mixup"]
    chosen = [f"label smoothing {loss['label_smoothing']}"]
    if teacher:
        chosen.append(
            f"{loss['teacher_blend']:.0%} of each target from what {teacher['name']} (SHA-256 "
            f"{teacher['sha256'][:12]}…) says of the picture"
        )
    if ema:
        chosen.append(f"averaged weights ({ema} a step)")
    if loss["votes_weight"]:
        chosen.append(
            "where the data has FER+ votes, a second head on them "
            f"(weight {loss['votes_weight']}, left out here)"
        )
    if mixup:
        chosen.append(f"mixup {mixup}")
    if loss["votes_blend"]:
        chosen.append(f"{loss['votes_blend']:.0%} of each target from the FER+ votes, if any")
    if loss["class_weights"] != "none":
        chosen.append("each emotion weighed by the inverse of its frequency")
    return chosen


_VARIATIONS = {
    "rotate_deg": "turned by up to {:g}°",
    "zoom": "scaled by up to {:.0%}",
    "shift": "moved by up to {:.0%} of the side",
    "flip": "mirrored ({:.0%} of them)",
    "flip_vertical": "upside down ({:.0%})",
    "brightness": "brightness by up to {:.0%}",
    "contrast": "contrast by up to {:.0%}",
    "gamma": "gamma by up to {:.0%}",
    "blur": "blurred ({:.0%})",
    "shrink": "made smaller and up again ({:.0%})",
    "jpeg": "as JPEG ({:.0%})",
    "noise": "noise ({:.0%})",
    "erase": "a rectangle blanked ({:.0%})",
}


def _variations(augment: dict[str, Any]) -> str:
    """Those that were switched on, with their sizes or how many pictures they met."""
    on = [text.format(augment[name]) for name, text in _VARIATIONS.items() if augment.get(name)]
    return ", ".join(on) or "not at all"


def _machine(environment: dict[str, Any]) -> str:
    gpus = f" and {environment['gpu']} GPU" if environment["gpu"] else ""
    return (
        f"{environment['machine']}{gpus}, Keras {environment['keras']} on {environment['backend']}"
    )


def _quality(split: str, metrics: dict[str, Any]) -> str:
    lines = [
        f"## How good it is ({split})",
        f"Accuracy {_percent(metrics['accuracy'])}, balanced "
        f"{_percent(metrics['balanced_accuracy'])}, "
        f"macro F1 {metrics['macro_f1']:.3f}. Calibration error {metrics['ece']:.3f} "
        f"({metrics['ece_uncalibrated']:.3f} before the temperature).",
    ]
    if metrics["n_unseen"] is not None and metrics["accuracy_unseen"] is not None:
        lines.append(
            f"Without the pictures that stand in the training data too, {metrics['n_unseen']:,} "
            f"are left: {_percent(metrics['accuracy_unseen'])} of them."
        )
    lines.append("The temperature and the epoch were chosen on these same faces.\n")
    lines.append("| emotion | precision | recall | F1 | faces |\n|---|---|---|---|---|")
    lines += [
        f"| {name} | {s['precision']:.3f} | {s['recall']:.3f} | {s['f1']:.3f} | {s['support']} |"
        for name, s in metrics["classes"].items()
    ]
    return "\n".join([*lines, "", _mistakes(metrics), *_half(metrics.get("bfloat16")), ""])


def _half(half: dict[str, Any] | None) -> list[str]:
    if half is None:
        return []
    return [
        "",
        f"In bfloat16: accuracy {_percent(half['accuracy'])}, and no probability differs by more "
        f"than {half['largest_change']:.3f} from that in float32, in which all else was measured.",
        "On a CPU that has it, bfloat16 is "
        + ("the default." if half["allowed"] else "not the default, as accuracy moves."),
    ]


def _mistakes(metrics: dict[str, Any]) -> str:
    names = list(metrics["classes"])
    shares = [
        (count / max(sum(row), 1), true, said)
        for true, row in zip(names, metrics["confusion"], strict=True)
        for said, count in zip(names, row, strict=True)
        if true != said
    ]
    worst = "; ".join(
        f"{true} taken for {said} ({_percent(share)})"
        for share, true, said in sorted(shares, reverse=True)[:5]
    )
    return f"Its most frequent mistakes, as shares of the true emotion: {worst}."


def _robustness(metrics: dict[str, Any]) -> str:
    if not metrics["robustness"]:
        return ""
    whole = metrics["accuracy"]
    lines = ["## What recordings cost it", "Each alone, on the same faces:", ""]
    lines.append("| | accuracy | points lost |\n|---|---|---|")
    lines += [
        f"| {name} | {_percent(share)} | {100 * (whole - share):.1f} |"
        for name, share in metrics["robustness"].items()
    ]
    return "\n".join([*lines, ""])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _limits(card: dict[str, Any], metrics: dict[str, Any]) -> str:
    weakest = sorted(metrics["classes"].items(), key=lambda item: item[1]["f1"])[:3]
    names = ", ".join(f"{name} (F1 {scores['f1']:.3f})" for name, scores in weakest)
    return f"""## Where it fails
Least to be trusted: {names}.
It was made for faces seen from the front, one in the picture, cut as the project's `crops.py`
cuts them, which is how FER2013 does. Faces turned far to a side, covered, very small or smeared by
motion are guesses. People themselves agree with FER2013's labels on about two faces of three.
FER2013 is a collection of web photos, many of them posed; who is in it was never recorded, and how
errors fall on age, skin and sex was not measured here.

## Rights
The weights come from {card["data"]["train"]["name"]} and from what the models named above learnt
from, if any. FER2013's pictures are web photos collected for a contest in 2013 without a clear
licence; the FER+ votes on them are by Barsoum et al. (2016). No picture is part of this model.
Whether that origin allows your use is yours to judge.
"""


_PURPOSE = """## What it is for, and what not
For statistics over many faces of recordings one may analyse, and for finding passages to look at.
An expression in one frame is not what somebody feels. Not for judging single people: not in
hiring, policing, schools, medicine or at borders, where laws may forbid it outright.
"""
