"""Keeps each measurement as it is made, so that a run that was cut off goes on from there."""

import hashlib
import json
from itertools import chain
from pathlib import Path

from fer_core.bench.job import Job, Outcome

_ROOT = Path(__file__).parents[2]


class Journal:
    """Measurements of one version of the code, in one file.

    Args:
        directory: where journals are kept; None keeps nothing.
    """

    def __init__(self, directory: Path | None) -> None:
        self._file = directory / f"journal-{_version()}.jsonl" if directory else None
        self._outcomes: dict[str, str] = {}
        if self._file and self._file.exists():
            for line in self._file.read_text().splitlines(keepends=True):
                if line.endswith("\n"):  # the last one may have been cut off
                    key, outcome = json.loads(line)
                    self._outcomes[key] = outcome

    def get(self, job: Job, round_: int) -> Outcome | None:
        """What was measured before, if it was."""
        text = self._outcomes.get(_key(job, round_))
        return Outcome.from_json(text) if text else None

    def put(self, job: Job, round_: int, outcome: Outcome) -> None:
        """Keeps a measurement."""
        if self._file and _key(job, round_) not in self._outcomes:
            self._outcomes[_key(job, round_)] = outcome.to_json()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(json.dumps([_key(job, round_), outcome.to_json()]) + "\n")

    def remove(self) -> None:
        """Forgets all: the run is through, and the next one measures anew."""
        if self._file:
            self._file.unlink(missing_ok=True)


def _key(job: Job, round_: int) -> str:
    return f"{round_} {job.to_json()}"


def _version() -> str:
    """Of the code: other code would measure something else."""
    digest = hashlib.sha256()
    for file in sorted(chain(*((_ROOT / name).rglob("*.py") for name in ("fer_core", "flows")))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
