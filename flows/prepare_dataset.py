"""The flow that prepares a dataset: labelled faces of any shape in, Parquet shards out."""

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from fer_core.paths import to_path
from fer_core.training.prepare import PrepareConfig, PrepareReport, prepare
from fer_core.training.prepare.report import as_markdown


@flow(name="prepare-dataset", persist_result=False, validate_parameters=True)
def prepare_dataset(
    sources: list[str],
    out: str,
    config: PrepareConfig | None = None,
    force: bool = False,
) -> PrepareReport:
    """Reads, checks and writes labelled faces; its report is an artifact of the run.

    Args:
        sources: as `fer_core.training.prepare.prepare` takes them.
        out: a new or empty directory.
        config: settings, or a dict of them; the defaults if None.
        force: replace a dataset that is in `out`.

    Raises:
        InputError, DatasetError, ConfigError, ModelError: as `prepare`.

    Example:
        >>> prepare_dataset(["fer2013.csv"], "faces").written  # doctest: +SKIP
        35887
    """
    report = prepare_faces(sources, out, config, force)
    create_markdown_artifact(as_markdown(report), key="dataset-report")
    return report


@task(cache_policy=NO_CACHE, persist_result=False)
def prepare_faces(
    sources: list[str], out: str, config: PrepareConfig | None, force: bool
) -> PrepareReport:
    """The work, as one task. Nothing is retried: no fault here heals.

    Args:
        sources, out, config, force: as in `prepare_dataset`.
    """
    return prepare(sources, to_path(out), config, force)
