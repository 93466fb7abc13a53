"""Runs that begin with another network's weights, and rates that stay before they fall."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core.cards import sha256_of
from fer_core.emotions import EMOTIONS
from fer_core.errors import ModelError, TrainingError
from fer_core.training.backend import keras
from fer_core.training.cnn import LABEL_HEAD, begin_with, build_cnn
from fer_core.training.config import ModelConfig, OptimiserConfig, TrainConfig
from fer_core.training.optimiser import make_optimiser, phases
from fer_core.training.publish import publish
from fer_core.training.train import LAST, train
from tests.training.examples import SIZE

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MakeConfig = Callable[..., TrainConfig]
SMALL = ModelConfig(stem=8, widths=(8, 16), blocks=(1, 1))


def network(seed: int, **changes: Any) -> Any:
    """A network whose weights are all random, those that begin as 0 and 1 too."""
    cnn = build_cnn(SMALL.model_copy(update=changes), SIZE, votes=10)
    rng = np.random.default_rng(seed)
    for variable in cnn.variables:
        if "seed" not in variable.name:
            variable.assign(rng.uniform(0.1, 0.9, variable.shape))
    return cnn


def logits(cnn: Any) -> np.ndarray:
    pictures = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 1))
    return keras.ops.convert_to_numpy(cnn(pictures.astype(np.float32))[LABEL_HEAD])


def with_weights(cnn: Any) -> set[str]:
    return {layer.name for layer in cnn.layers if layer.get_weights()}


def test_an_equal_network_takes_all_layers():
    mine, theirs = network(1), network(2)
    assert begin_with(mine, theirs) == len(with_weights(mine))
    np.testing.assert_allclose(logits(mine), logits(theirs), rtol=1e-5)


def test_another_network_takes_the_layers_that_fit():
    mine, theirs = network(1, widths=(8, 12)), network(2)
    fitting = {name for name in with_weights(mine) if not name.startswith(("s1", "label", "votes"))}
    # Of the second stage nothing has the same shapes, and so neither have the heads above it.
    assert begin_with(mine, theirs) == len(fitting)
    for name in fitting:
        for a, b in zip(
            mine.get_layer(name).get_weights(), theirs.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_a_network_with_more_blocks_says_at_first_what_the_smaller_one_says():
    small = network(2)
    grown = build_cnn(SMALL.model_copy(update={"blocks": (2, 3)}), SIZE, votes=10)
    begin_with(grown, small)
    assert len(with_weights(grown)) > len(with_weights(small))
    np.testing.assert_allclose(logits(grown), logits(small), rtol=1e-4)


def test_the_rate_rises_stays_and_falls():
    config = OptimiserConfig(learning_rate=0.2, warmup_epochs=1, decay_epochs=2, ema=0)
    assert phases(config, steps=10, epochs=6) == (10, 40, 60)
    schedule = make_optimiser(config, steps=10, epochs=6)._learning_rate
    expected = {0: 0, 5: 0.1, 10: 0.2, 25: 0.2, 40: 0.2, 50: 0.1, 60: 0, 70: 0}
    for step, rate in expected.items():
        assert float(schedule(step)) == pytest.approx(rate, abs=1e-6), step


def test_without_a_plateau_the_cosine_follows_the_warm_up():
    config = OptimiserConfig(warmup_epochs=2)
    assert phases(config, steps=10, epochs=6) == (20, 20, 60)
    assert phases(config, steps=10, epochs=1) == (10, 10, 10)
    long = config.model_copy(update={"decay_epochs": 9.0})
    assert phases(long, steps=10, epochs=6) == (20, 20, 60)


class Stopped(Exception):
    pass


def stop_after(epochs: int) -> Callable[[dict[str, float]], None]:
    def on_epoch(row: dict[str, float]) -> None:
        if row["epoch"] == epochs:
            raise Stopped

    return on_epoch


def state(run: Path) -> list[np.ndarray]:
    with np.load(run / LAST) as arrays:
        return [arrays[name] for name in sorted(arrays.files) if name != "facts"]


def test_a_plateau_may_be_made_longer_but_no_decay_that_has_begun(
    make_config: MakeConfig, tmp_path: Path
):
    def config(name: str, epochs: int) -> TrainConfig:
        return make_config(tmp_path, f"name={name}", f"epochs={epochs}", "optimiser.decay_epochs=1")

    with pytest.raises(Stopped):
        train(config("longer", 2), on_epoch=stop_after(1))
    train(config("longer", 3), resume=True)
    train(config("undisturbed", 3))
    for mine, theirs in zip(
        state(tmp_path / "longer"), state(tmp_path / "undisturbed"), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=0.02, atol=0.02)
    with (tmp_path / "longer" / "history.csv").open() as stream:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(stream)]
    assert rates == pytest.approx([0.1, 0.1, 0], abs=1e-6)

    with pytest.raises(TrainingError, match="differs from the settings given"):
        train(config("longer", 4), resume=True)


def test_a_model_says_with_which_weights_it_began(
    model: Path, make_config: MakeConfig, tmp_path: Path
):
    run = train(make_config(tmp_path, "epochs=1", f"init={model}", "optimiser.warmup_epochs=0"))
    ancestor = json.loads((model / "card.json").read_text())
    second = publish(run, "second", tmp_path / "models", robustness=False).directory
    init = json.loads((second / "card.json").read_text())["trained"]["init"]
    assert init == {
        "name": "small",
        "sha256": sha256_of(model / "model.keras"),
        "trained": ancestor["trained"],
    }
    assert ancestor["trained"]["init"] is None
    assert "\nfrom scratch, on" in (model / "README.md").read_text()
    expected = (
        f"\nfrom the weights of small (SHA-256 {init['sha256'][:12]}…, 2 epochs from scratch), on"
    )
    assert expected in (second / "README.md").read_text()


def test_a_model_to_begin_with_has_to_fit(model: Path, make_config: MakeConfig, tmp_path: Path):
    with pytest.raises(ModelError, match="no model 'nobody'"):
        train(make_config(tmp_path, "init=nobody"))
    with pytest.raises(TrainingError, match="none of its layers fits"):
        train(make_config(tmp_path, f"init={model}", "model.stem=5", "model.widths=[6, 7]"))
    card = json.loads((model / "card.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.keras").write_bytes((model / "model.keras").read_bytes())
    del card["cpu"]
    card["classes"] = list(reversed(EMOTIONS))
    (other / "card.json").write_text(json.dumps(card))
    with pytest.raises(TrainingError, match=r"expected the classes angry, .* got neutral, "):
        train(make_config(tmp_path, f"init={other}"))
