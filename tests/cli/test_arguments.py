"""What `fer` does with arguments, before anything is processed."""

import re
from pathlib import Path

import pytest
import yaml

from fer_core.config import ProcessConfig
from tests.cli.command import AS_ANYBODY, fer, needs_permissions

CHEAP = ["--sample-fps", "1", "--no-render", "--device", "cpu"]


def test_version_and_help() -> None:
    assert re.match(r"fer \S+", fer("--version").stdout)
    text = fer("process", "--help")
    assert text.returncode == 0
    for option in ("--out", "--config", "--set", "--print-config", "--sample-fps", "--render"):
        assert option in text.stdout
    for option in ("--model", "--device", "--workers", "--json", "--debug"):
        assert option in text.stdout


def test_every_command_says_what_it_is_for() -> None:
    listed = fer("--help").stdout.split("Commands:")[1].strip().splitlines()
    for line in listed:
        name, _, purpose = line.strip().partition(" ")
        assert purpose.strip(), f"{name} has no help"
        assert fer(name, "--help").returncode == 0


def test_printed_settings_read_back(tmp_path: Path) -> None:
    printed = fer("process", "--print-config", *CHEAP, "--set", "detect.min_score=0.5").stdout
    config = ProcessConfig.model_validate(yaml.safe_load(printed))
    assert (config.sample.fps, config.render.enabled, config.device) == (1.0, False, "cpu")
    assert config.detect.min_score == 0.5
    (tmp_path / "mine.yaml").write_text(printed)
    assert fer("process", "--config", tmp_path / "mine.yaml", "--print-config").stdout == printed


def test_flags_win_over_set_and_set_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("workers: 1\nsample: {fps: 1}\ndevice: gpu\n")
    settings = ["--set", "workers=2", "--set", "device=auto", "--workers", "3"]
    printed = fer("process", "--config", tmp_path / "mine.yaml", *settings, "--print-config")
    config = yaml.safe_load(printed.stdout)
    assert (config["workers"], config["device"], config["sample"]["fps"]) == (3, "auto", 1.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.mp4", "--out", "{tmp}/out"], "cannot read missing.mp4: No such file"),
        (["{tmp}", "--out", "{tmp}/out"], "no video found in"),
        (["{tmp}/*.mp4", "--out", "{tmp}/out"], "nothing matches"),
        (["{tmp}"], "expected INPUT... and --out DIR"),
        (["--out", "{tmp}/out"], "expected INPUT... and --out DIR"),
        (["--nonsense"], "No such option"),
        (["--print-config", "--set", "sample.pfs=2"], "sample.pfs"),
        (["--print-config", "--set", "sample"], "expected key=value"),
        (["--print-config", "--sample-fps", "sometimes"], "sample.fps"),
        (["--print-config", "--sample-fps", "0"], "sample.fps"),
        (["--print-config", "--device", "abacus"], "device"),
        (["--print-config", "--workers", "0"], "workers"),
        (["--print-config", "--workers", "many"], "--workers"),
        (["--print-config", "--config", "{tmp}/none.yaml"], "cannot read settings"),
    ],
)
def test_unusable_arguments_are_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = fer("process", *(text.format(tmp=tmp_path) for text in arguments))
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_commands_that_know_only_directories_refuse_s3(tmp_path: Path) -> None:
    result = fer("report", "s3://bucket/week", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "fer report does not take S3; process, query, status do" in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_output_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    result = fer("process", tmp_path / "a.mp4", "--out", tmp_path / "a.mp4")
    assert (result.returncode, result.stdout) == (2, "")
    assert "cannot write to" in result.stderr


@needs_permissions
def test_an_output_directory_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "out").mkdir(mode=0o555)
    result = fer("process", tmp_path / "a.mp4", "--out", tmp_path / "out", before=AS_ANYBODY)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"fer: cannot write to {tmp_path}/out: no permission\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "nobody"], "no model 'nobody': expected one of fer-cnn"),
        (["--set", "detect.model=fer-cnn"], "expected a detector"),
    ],
)
def test_a_model_that_cannot_be_used_is_told(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "a.mp4").touch()
    result = fer("process", tmp_path, "--out", tmp_path / "out", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    result = fer("process", "missing.mp4", "--out", tmp_path, "--debug")
    assert result.returncode != 0
    assert "Traceback" in result.stderr
    assert "InputError" in result.stderr


def test_settings_in_the_shipped_file_are_the_defaults() -> None:
    file = Path(__file__).parents[2] / "configs" / "process.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert values == ProcessConfig().model_dump(mode="json")
