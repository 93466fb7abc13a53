"""The preparation from sources to a dataset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from fer_core.atomic import atomic_file
from fer_core.errors import DatasetError
from fer_core.training.prepare.checks import check, choose_drops
from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.grid import sample_grid
from fer_core.training.prepare.readers import read_sources
from fer_core.training.prepare.report import (
    Dropped,
    PrepareReport,
    as_json,
    as_markdown,
    dropped_of,
    findings_of,
)
from fer_core.training.prepare.sample import Finding, Sample
from fer_core.training.prepare.splits import assign_splits
from fer_core.training.prepare.write import (
    check_target,
    make_manifest,
    remove_dataset,
    write_manifest,
    write_shards,
)


def prepare(
    sources: Sequence[str],
    out: Path,
    config: PrepareConfig | None = None,
    force: bool = False,
) -> PrepareReport:
    """Reads labelled faces of any shape, checks them, and writes them as one dataset.

    Nothing is written before all is read and checked; `dataset.json` is written last.

    Args:
        sources: `fer2013.csv`, `icml_face_data.csv`, FER+'s `fer2013new.csv`, Parquet files,
            folders of pictures or videos by class, pictures, videos, or zip archives of these.
        out: a new or empty directory.
        config: settings; the defaults if None.
        force: replace a dataset that is in `out`.

    Raises:
        InputError: a source does not exist or is of no known kind, or `out` is not empty.
        DatasetError: a source is damaged, no picture is left, or `out` cannot be written to.
        ConfigError, ModelError: something that the settings need is not installed.

    Example:
        >>> prepare(["fer2013.csv", "fer2013new.csv"], Path("faces")).written  # doctest: +SKIP
        35887
    """
    config = config or PrepareConfig()
    check_target(out, force)
    plan = _plan(sources, out, config)
    try:
        return _write(plan, sources, out, config)
    except OSError as error:
        raise DatasetError(f"cannot write the dataset to {out}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written, and what is to be said of the rest."""

    kept: list[Sample]
    dropped: list[Dropped]
    findings: list[Finding]


def _plan(sources: Sequence[str], out: Path, config: PrepareConfig) -> _Plan:
    reading = read_sources(sources, config, skip=out)
    samples = assign_splits(reading.samples, config.split)
    groups = check(samples, config)
    drops = choose_drops(samples, groups, config.drop)
    kept = [sample for index, sample in enumerate(samples) if index not in drops]
    dropped = dropped_of(reading.findings, samples, drops)
    if not kept:
        reasons = Counter(drop.reason for drop in dropped)
        what = ", ".join(f"{number} {reason}" for reason, number in reasons.items())
        raise DatasetError(
            f"{', '.join(sources)}: expected labelled faces, got none that could be written "
            f"({what or 'no pictures at all'})"
        )
    return _Plan(kept, dropped, [*reading.findings, *findings_of(groups, samples)])


def _write(plan: _Plan, sources: Sequence[str], out: Path, config: PrepareConfig) -> PrepareReport:
    remove_dataset(out)
    splits = write_shards(plan.kept, out, config)
    manifest = make_manifest(splits, sources, config)
    report = PrepareReport(
        out,
        tuple(sources),
        manifest.fingerprint,
        {name: split.counts for name, split in splits.items()},
        tuple(plan.dropped),
        tuple(plan.findings),
    )
    for name, text in (("report.json", as_json(report)), ("report.md", as_markdown(report))):
        with atomic_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    encoded, png = cv2.imencode(".png", sample_grid(plan.kept, config.split.seed))
    assert encoded, "a grey uint8 picture can be encoded"
    with atomic_file(out / "samples.png") as temporary:
        temporary.write_bytes(png.tobytes())
    write_manifest(manifest, out)
    return report
