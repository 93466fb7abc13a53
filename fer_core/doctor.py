"""What this installation consists of: versions, devices, codecs, models."""

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fer_core.cards import read_card
from fer_core.errors import ModelError
from fer_core.resources import resource_dir

PACKAGES = (
    "fer-pipeline av h5py keras numpy opencv-python openvino pandas prefect pyarrow pydantic "
    "tensorflow tqdm trackers typer"
).split()
ENCODERS = ("libx264", "aac")
DECODERS = ("h264", "hevc", "vp9", "libdav1d", "mpeg4", "gif")


def examine() -> dict[str, dict[str, str]]:
    """All facts, section by section: `python`, `packages`, `devices`, `codecs`, `models`.

    Takes seconds where there is a GPU: the framework that would use it has to be loaded.
    """
    return {
        "python": _python(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "devices": _devices(),
        "codecs": _codecs(),
        "models": _models(),
    }


def as_text(facts: Mapping[str, Mapping[str, str]]) -> str:
    """The facts as aligned lines that can be pasted into a bug report."""
    lines = []
    for section, entries in facts.items():
        lines.append(f"{section}:")
        width = max((len(name) for name in entries), default=0)
        lines += [f"  {name:<{width}}  {value}" for name, value in entries.items()]
    return "\n".join(lines)


def _python() -> dict[str, str]:
    return {
        "version": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
    }


def version_of(package: str) -> str:
    """The installed version of a distribution, in words."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _devices() -> dict[str, str]:
    from fer_core.runtime import devices

    cores = len(os.sched_getaffinity(0))
    return {"cpu": f"{cores} cores, {processor()}", **devices()}


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _codecs() -> dict[str, str]:
    import av

    return {
        "ffmpeg": av.ffmpeg_version_info,
        **{f"decode {name}": _codec(av, name, "r") for name in DECODERS},
        **{f"encode {name}": _codec(av, name, "w") for name in ENCODERS},
    }


def _codec(av: Any, name: str, mode: str) -> str:
    try:
        return av.Codec(name, mode).name
    except ValueError:  # what PyAV raises for a codec that FFmpeg was built without
        return "missing"


def _models() -> dict[str, str]:
    cards = sorted(resource_dir("models").glob("*/card.json"))
    return {card.parent.name: _model(card) for card in cards}


def _model(card: Path) -> str:
    try:
        kind = str(json.loads(card.read_text(encoding="utf-8"))["kind"])
        checked, _ = read_card(card.parent, kind)
    except (OSError, ValueError, KeyError, ModelError) as error:
        return f"unusable: {error}"
    exported = "" if checked.cpu else ", not exported for the CPU"
    return f"{kind}, sha256 {checked.sha256} (verified){exported}"
