"""The optimiser and its schedule."""

from typing import Any

from fer_core.training.backend import keras
from fer_core.training.config import OptimiserConfig


def make_optimiser(config: OptimiserConfig, steps: int, epochs: int) -> Any:
    """The optimiser, with a linear warm-up and then a cosine to 0.

    The rate depends on the optimiser's own step counter, so a resumed run keeps to it.

    Args:
        config: which one, and how strong.
        steps: of one epoch.
        epochs: of the whole run.
    """
    warmup = round(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, steps * epochs - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
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
