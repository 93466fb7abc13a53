"""What the probabilities of a model are worth, from its card."""

import json
from typing import Any

from fer_core.errors import ModelError
from fer_core.resources import model_dir


def percent(part: float) -> str:
    """A part of 1 as pages write it.

    Example:
        >>> percent(0.706)
        '71 %'
    """
    return f"{100 * part:.0f} %"


def worth_of(model: str | None) -> list[str]:
    """A few sentences for people; one that says so where the model is not known here.

    Args:
        model: as the records name it: name, `@` and the beginning of the weights' hash.
    """
    card = _card_of(model)
    if not card:
        return ["The card of this model is not here, so nothing is known of its errors."]
    return [
        f"{_calibration(where, m)} {_errors(card, m)}"
        for where, m in card.get("metrics", {}).items()
    ] or ["This model's card holds no measurements."]


def accuracy_of(model: str | None) -> str | None:
    """How often it is right, in a few words; None where that is not known here.

    Example:
        >>> accuracy_of("unknown@0123456789ab") is None
        True
    """
    told = [
        f"right on {percent(m['accuracy'])} of {where}"
        for where, m in _card_of(model).get("metrics", {}).items()
    ]
    return ", ".join(told) or None


def _card_of(model: str | None) -> dict[str, Any]:
    """The card of just these weights; empty where it is not here."""
    name, _, sha256 = (model or "").partition("@")
    try:
        card = json.loads((model_dir(name) / "card.json").read_text("utf-8")) if name else {}
    except (OSError, ValueError, ModelError):
        return {}
    return card if sha256 and str(card.get("sha256", "")).startswith(sha256) else {}


def _calibration(where: str, m: dict[str, Any]) -> str:
    text = f"On {where} ({m['n']:,} faces) this model is right on {percent(m['accuracy'])}."
    if m.get("ece") is not None:
        text += (
            " Its probabilities are calibrated there: of the faces that it tells with 0.8, about "
            f"80 % are right; on average the two differ by {percent(m['ece'])}. On recordings "
            "unlike those photos it may be further off. Smoothing over time makes the shown "
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
    told = [f"{true} for {said} ({percent(share)})" for share, true, said in sorted(wrong)[:-5:-1]]
    return f"Most often it takes {', '.join(told)}."
