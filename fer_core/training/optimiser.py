"""The optimiser and its schedule."""

import math
from typing import Any

from fer_core.training.backend import Tensor, keras, ops
from fer_core.training.config import OptimiserConfig


class WarmupPlateauCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises in a line, stays, and falls to 0 along half a cosine.

    Args:
        peak: the highest rate.
        warmup: steps of the rise.
        decay_from: the step from which it falls.
        end: the step at which it is 0.
    """

    def __init__(self, peak: float, warmup: int, decay_from: int, end: int) -> None:
        super().__init__()
        self.peak, self.warmup, self.decay_from, self.end = peak, warmup, decay_from, end

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        rise = ops.minimum(step / max(self.warmup, 1), 1.0) if self.warmup else 1.0
        fallen = (step - self.decay_from) / max(self.end - self.decay_from, 1)
        fall = 0.5 + 0.5 * ops.cos(math.pi * ops.clip(fallen, 0.0, 1.0))
        return self.peak * rise * fall

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "warmup": self.warmup,
            "decay_from": self.decay_from,
            "end": self.end,
        }


def phases(config: OptimiserConfig, steps: int, epochs: int) -> tuple[int, int, int]:
    """The steps at which the warm-up ends, the decay begins, and the run ends."""
    end = steps * epochs
    warmup = min(round(config.warmup_epochs * steps), end)
    if config.decay_epochs is None:
        return warmup, warmup, end
    return warmup, max(warmup, end - round(config.decay_epochs * steps)), end


def make_optimiser(config: OptimiserConfig, steps: int, epochs: int) -> Any:
    """The optimiser, with a linear warm-up, perhaps a plateau, and then a cosine to 0.

    The rate depends on the optimiser's own step counter, so a resumed run keeps to it.

    Args:
        config: which one, and how strong.
        steps: of one epoch.
        epochs: of the whole run.
    """
    schedule = WarmupPlateauCosine(config.learning_rate, *phases(config, steps, epochs))
    averaging = {"use_ema": True, "ema_momentum": config.ema} if config.ema else {}
    decay = config.weight_decay or None
    if config.name == "sgd":
        optimiser = keras.optimizers.SGD(
            schedule, momentum=config.momentum, nesterov=True, weight_decay=decay, **averaging
        )
    else:
        optimiser = keras.optimizers.AdamW(schedule, weight_decay=decay or 0.0, **averaging)
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimiser
