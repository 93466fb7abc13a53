"""The pages say what is there: every setting, column, option and link."""

import re
from pathlib import Path
from typing import Any

import pytest

from fer_core.config import ProcessConfig
from fer_core.schema import RECORDS, STREAMS, VIDEOS
from fer_core.streams.camera import CameraConfig
from tests.cli.command import fer

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def keys(values: dict[str, Any], prefix: str = "") -> list[str]:
    return [
        key
        for name, value in values.items()
        for key in (
            keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]
        )
    ]


def test_every_setting_has_its_line() -> None:
    documented = re.findall(r"^\| `([\w.]+)` \|", text("docs/configuration.md"), re.MULTILINE)
    assert documented == keys(ProcessConfig().model_dump())


def test_every_column_is_explained_in_order() -> None:
    records, videos = text("docs/records.md").split("## `videos/")
    assert _first_cells(records) == RECORDS.names
    assert _first_cells(videos) == VIDEOS.names


def test_streams_and_their_settings_are_explained_in_order() -> None:
    settings, streams = text("docs/streams.md").split("## `streams/`")
    assert _first_cells(settings) == list(CameraConfig.model_fields)
    assert _first_cells(streams) == STREAMS.names


@pytest.mark.parametrize("command", ["tail", "capture"])
def test_every_option_for_cameras_is_in_their_page(command: str) -> None:
    options = set(re.findall(r"--[a-z][\w-]+", fer(command, "--help").stdout)) - {"--help"}
    assert options <= set(re.findall(r"--[a-z][\w-]+", text("docs/streams.md")))


def _first_cells(page: str) -> list[str]:
    cells = re.findall(r"^\|([^|]*)\|", page, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_option_of_process_is_in_the_readme() -> None:
    options = set(re.findall(r"--[a-z][\w-]+", fer("process", "--help").stdout)) - {"--help"}
    assert options <= set(re.findall(r"--[a-z][\w-]+", text("README.md")))


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)\)", text("README.md")))
    assert linked == {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target
