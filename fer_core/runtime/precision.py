"""What `classify.precision: auto` is: bfloat16 where it is fast and was seen to cost nothing."""

from typing import Literal

from fer_core.cards import Card
from fer_core.errors import ConfigError
from fer_core.runtime.openvino_network import has_bfloat16

Precision = Literal["auto", "float32", "bfloat16"]


def cpu_precision(card: Card, wanted: Precision) -> Literal["float32", "bfloat16"]:
    """The type a model's network computes in on this CPU.

    Args:
        card: says whether publishing found the model no worse in bfloat16.
        wanted: "auto" takes bfloat16 if the card allows it and the processor has it.

    Raises:
        ConfigError: "bfloat16" is asked for and the processor does not have it.
    """
    if wanted == "auto":
        allowed = card.cpu is not None and card.cpu.bfloat16
        return "bfloat16" if allowed and has_bfloat16() else "float32"
    if wanted == "bfloat16" and not has_bfloat16():
        raise ConfigError(
            "classify.precision: expected a processor that computes in bfloat16, this one does "
            "not; use auto or float32"
        )
    return wanted
