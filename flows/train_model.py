"""The flow that trains the classifier: labelled faces in, a run or a published model out."""

import base64
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from fer_core.paths import to_path, to_text
from fer_core.training.config import TrainConfig


@flow(name="train-model", persist_result=False, validate_parameters=True)
def train_model(
    config: TrainConfig,
    resume: bool = False,
    publish_as: str | None = None,
    models: str = "models",
) -> str:
    """Trains a classifier; learning curves and history are an artifact of the run.

    Args:
        config: settings, or a dict of them.
        resume: go on from the last checkpoint of the run of that name.
        publish_as: name of the model that is made of it, or None for none.
        models: the directory that gets the model.

    Returns:
        The run's directory or, where it is published, the model's.

    Raises:
        InputError, DatasetError, ConfigError, ModelError, TrainingError: as `train` and `publish`.

    Example:
        >>> data = {"train": "faces/train", "validation": "faces/validation"}
        >>> train_model({"data": data, "epochs": 40})  # doctest: +SKIP
        'runs/fer-cnn'
    """
    run = train_network(config, resume)
    create_markdown_artifact(learning_curves(run), key="learning-curves")
    return to_text(publish_model(run, publish_as, to_path(models)) if publish_as else run)


@task(cache_policy=NO_CACHE, persist_result=False)
def train_network(config: TrainConfig, resume: bool) -> Path:
    """The training, as one task; each epoch is a line in its log. Nothing is retried.

    Args:
        config, resume: as in `train_model`.
    """
    from fer_core.training.train import train

    log = get_run_logger()

    def tell(row: dict[str, float]) -> None:
        log.info(
            "epoch %d of %d: loss %.4f, validation accuracy %.4f, %.0f s",
            *(row["epoch"], config.epochs, row["loss"], row["accuracy"], row["seconds"]),
        )

    return train(config, resume, tell)


@task(cache_policy=NO_CACHE, persist_result=False)
def publish_model(run: Path, name: str, models: Path) -> Path:
    """Makes a model of a finished run, and says how good it is.

    Args:
        run: the run's directory.
        name, models: as in `train_model`.
    """
    from fer_core.training.publish import publish

    published = publish(run, name, models)
    get_run_logger().info("%s: accuracy %.4f", name, published.evaluation.accuracy)
    return published.directory


def learning_curves(run: Path) -> str:
    """A run's curves, in the page itself, and its history as a table: Markdown."""
    picture = base64.b64encode((run / "curves.png").read_bytes()).decode()
    header, *rows = (run / "history.csv").read_text(encoding="utf-8").splitlines()
    table = [header.split(","), ["---"] * len(header.split(",")), *(row.split(",") for row in rows)]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    return "\n".join([f"![learning curves](data:image/png;base64,{picture})", "", *lines, ""])
