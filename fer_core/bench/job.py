"""One thing to measure, and what was measured: what goes between the processes."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to measure, in a process of its own.

    Args:
        what: name of one of the functions in `fer_core.bench.work`.
        videos: files, all worked on at once.
        settings: overrides of the configuration, such as `sample.fps=all`.
    """

    what: str
    videos: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        values = json.loads(text)
        return cls(values["what"], tuple(values["videos"]), tuple(values["settings"]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process measured of itself, loading left out unless said.

    Args:
        wall_s, cpu_s: seconds by the clock, and of all cores.
        part: how much of the media it did (0–1); the usual loop stops early.
        load_s: imports and networks, before all that.
        first_s: from the start of the process to the first record, loading included.
        shares: of processor time by stage.
        batches: mean batch of `detector` and `classifier`.
        busy: part of the time in which each of the two was computing.
        figures: other numbers, by name.
        peak_mb: most memory of the process and its children (PSS, in 10⁶ bytes).
        quarters_mb: the same in each quarter of the process's time.
    """

    wall_s: float
    cpu_s: float
    part: float = 1.0
    load_s: float | None = None
    first_s: float | None = None
    shares: dict[str, float] = field(default_factory=dict)
    batches: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    peak_mb: float | None = None
    quarters_mb: tuple[float, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Outcome":
        values: dict[str, Any] = json.loads(text)
        values["quarters_mb"] = tuple(values["quarters_mb"])
        return cls(**values)
