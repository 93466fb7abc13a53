"""The flow around training, on its embedded server, and a run that ends early."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)

from fer_core.cards import read_card
from fer_core.training.config import TrainConfig
from fer_core.training.train import train
from flows.train_model import train_model

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@dataclass
class Done:
    config: TrainConfig
    result: str
    flow_run: UUID


@pytest.fixture(scope="module")
def done(make_config: Callable[..., TrainConfig], tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run that learns nothing, and so loses patience after its second epoch of four."""
    directory = tmp_path_factory.mktemp("flow")
    config = make_config(directory, "epochs=4", "early_stopping=1", "optimiser.learning_rate=1e-12")
    state = train_model(
        config, publish_as="made", models=str(directory / "models"), return_state=True
    )
    flow_run = state.state_details.flow_run_id
    assert isinstance(flow_run, UUID)
    return Done(config, state.result(), flow_run)


def test_it_ends_early_and_publishes(done: Done) -> None:
    with (done.config.directory / "history.csv").open() as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["1", "2"]
    assert (done.config.directory / "curves.png").is_file()
    card, _ = read_card(done.result, "classifier")
    assert card.name == "made"


def test_a_run_that_ended_early_stays_ended(done: Done) -> None:
    history = done.config.directory / "history.csv"
    before = history.read_text()
    train(done.config, resume=True)
    assert history.read_text() == before


def test_each_epoch_is_in_the_log_of_the_run(done: Done) -> None:
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[done.flow_run]))
    epochs: list[str] = []
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while len(epochs) < 2 and time.monotonic() < deadline:  # the server hears of them late
            messages = [log.message for log in client.read_logs(wanted)]
            epochs = sorted(text.split(":")[0] for text in messages if text.startswith("epoch "))
            time.sleep(0.1)
    assert epochs == ["epoch 1 of 4", "epoch 2 of 4"]


def test_the_learning_curves_are_an_artifact(done: Done) -> None:
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[done.flow_run]))
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    assert (artifact.key, artifact.type) == ("learning-curves", "markdown")
    text = str(artifact.data)
    assert text.startswith("![learning curves](data:image/png;base64,")
    assert "| epoch | loss | accuracy | learning_rate | seconds |" in text
    assert text.count("\n| ") == 4  # a header, its line, and two epochs
