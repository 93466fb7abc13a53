"""Options that several commands share."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from fer_core.settings import Section

    S = TypeVar("S", bound=Section)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="What fer process --out was given.")]
Cameras = Annotated[
    list[str],
    typer.Argument(
        metavar="CAMERA...", help="Names in cameras.yaml, rtsp:// URLs, webcams (0, /dev/video0)."
    ),
]
CamerasFile = Annotated[
    Path | None,
    typer.Option("--cameras", metavar="FILE", help="Cameras; else configs/cameras.yaml."),
]
Duration = Annotated[
    float | None, typer.Option("--duration", metavar="S", help="Seconds; else until Ctrl-C.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="YAML file with settings.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, by its dotted name in FILE."),
]
PrintConfig = Annotated[
    bool, typer.Option("--print-config", help="Print all settings as YAML and stop.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON at the end.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and logs.")]


def settings_of(
    model: "type[S]", file: Path | None, given: list[str] | None, flags: dict[str, Any]
) -> "S":
    """Settings from FILE, then those of `--set`, then options of their own.

    Args:
        model: the settings' class.
        file: that of `--config`.
        given: those of `--set`.
        flags: values of options by the dotted name of their setting; None was not given.
    """
    from fer_core.settings import load_config

    asked = [f"{name}={json.dumps(value)}" for name, value in flags.items() if value is not None]
    return load_config(model, file, [*(given or []), *asked])
