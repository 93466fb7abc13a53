"""Who does the tasks of a run."""

import sys

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from fer_core.config import ProcessConfig
from fer_core.errors import ClusterError, ConfigError
from fer_core.settings import load_config
from flows import cluster
from flows.crew import Threads, crew_for

NOBODY = "dask:tcp://127.0.0.1:1"


def config_for(runner: str) -> ProcessConfig:
    return load_config(ProcessConfig, overrides=[f"runner={runner}", "workers=3"])


@pytest.mark.parametrize(
    "runner", ["local", "dask", NOBODY, "dask:10.0.0.5:8786", "dask:tls://host:1"]
)
def test_a_runner_is_this_machine_or_dask(runner: str) -> None:
    assert config_for(runner).runner == runner


@pytest.mark.parametrize("runner", ["ray", "dask:", "dask:host", "dask:tcp://host", "local:1", ""])
def test_other_runners_are_refused(runner: str) -> None:
    with pytest.raises(ConfigError, match=r"expected local, dask, or dask:ADDRESS such as"):
        config_for(f'"{runner}"')


def test_who_works_is_no_part_of_the_records() -> None:
    assert config_for("dask").settings_hash() == ProcessConfig().settings_hash()


def test_this_machine_works_with_threads() -> None:
    with crew_for(config_for("local")) as crew:
        assert crew == Threads(3)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "flows.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ClusterError, match=r'Dask is not installed .* pip install .*\[dask\]"'),
        crew_for(config_for("dask")),
    ):
        pass


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_S", 0.5)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),  # it is not asked
        pytest.raises(ClusterError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "),
        crew_for(config_for(NOBODY)),
    ):
        pass
