"""What the probabilities of a model are worth, from its card."""

import json
from typing import Any

from fer_core.errors import ModelError
from fer_core.resources import model_dir


def worth_of(model: str | None) -> list[str]:
    """A few sentences for people; one that says so where the model is not known here.

    Args:
        model: as the records name it: name, `@` and the beginning of the weights' hash.
    """
    name, _, sha256 = (model or "").partition("@")
    try:
        card = json.loads((model_dir(name) / "card.json").read_text("utf-8")) if name else {}
    except (OSError, ValueError, ModelError):
        card = {}
    if not sha256 or not str(card.get("sha256", "")).startswith(sha256):
        return ["The card of this model is not here, so nothing is known of its errors."]
    return [
        f"{_calibration(where, m)} {_errors(card, m)}"
        for where, m in card.get("metrics", {}).items()
    ] or ["This model's card holds no measurements."]


def _calibration(where: str, m: dict[str, Any]) -> str:
    text = f"On {where} ({m['n']} faces) this model is right on {m['accuracy']:.0%}."
    if m.get("ece") is not None:
        text += (
            " Its probabilities are calibrated there: of the faces that it tells with 0.8, about "
            f"80 % are right; on average the two differ by {m['ece']:.0%}. On recordings unlike "
            "those photos it may be further off. Smoothing over time makes the shown "
            "probabilities steadier, not better calibrated."
        )
    return text


def _errors(card: dict[str, Any], m: dict[str, Any]) -> str:
    names, counts = card["classes"], m.get("confusion")
    if not counts:
        return ""
    wrong = [
        (row[j] / sum(row), names[i], names[j])
        for i, row in enumerate(counts)
        for j in range(len(row))
        if i != j and sum(row)
    ]
    told = [f"{true} for {said} ({share:.0%})" for share, true, said in sorted(wrong)[:-5:-1]]
    return f"Most often it takes {', '.join(told)}."
