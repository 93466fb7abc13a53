"""What was found and done, as `report.json` and `report.md`."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_core.emotions import EMOTIONS
from fer_core.training.prepare.checks import Group
from fer_core.training.prepare.sample import KINDS, LOST, Finding, Sample

_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Dropped:
    """A picture that is not in the dataset, and the kind of finding for which it is not."""

    picture: str
    split: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What became of all pictures.

    Args:
        out: the dataset's directory.
        sources: as they were given.
        fingerprint: of the dataset.
        counts: split → emotion → pictures written.
        dropped: what is not in the dataset.
        findings: everything there is to say.
    """

    out: Path
    sources: tuple[str, ...]
    fingerprint: str
    counts: Mapping[str, Mapping[str, int]]
    dropped: tuple[Dropped, ...]
    findings: tuple[Finding, ...]

    @property
    def written(self) -> int:
        """Pictures in the dataset."""
        return sum(sum(split.values()) for split in self.counts.values())

    @property
    def seen(self) -> int:
        """Pictures in the sources: those written and those that were not."""
        return self.written + len(self.dropped)

    def summary(self) -> dict[str, Any]:
        """The figures without the lists, as `fer prepare --json` prints them."""
        return {
            "out": str(self.out),
            "fingerprint": self.fingerprint,
            "seen": self.seen,
            "written": self.written,
            "dropped": dict(Counter(drop.reason for drop in self.dropped)),
            "counts": self.counts,
            "findings": {kind: self.figures(kind) for kind in self.kinds()},
        }

    def kinds(self) -> list[str]:
        """The kinds that were found, in the order of `KINDS`."""
        found = {finding.kind for finding in self.findings}
        return [kind for kind in KINDS if kind in found]

    def of_kind(self, kind: str) -> list[Finding]:
        """All findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def figures(self, kind: str) -> dict[str, Any]:
        """How many findings of a kind there are, and how many pictures of each split."""
        pictures = {
            picture: split
            for finding in self.of_kind(kind)
            for picture, split in zip(finding.pictures, finding.splits, strict=True)
        }
        return {
            "findings": len(self.of_kind(kind)),
            "pictures": len(pictures),
            "by_split": dict(Counter(split or "none" for split in pictures.values())),
            "dropped": sum(drop.reason == kind for drop in self.dropped),
        }


def findings_of(groups: Iterable[Group], samples: Sequence[Sample]) -> list[Finding]:
    """What was found out about samples, in words."""
    return [
        Finding(
            group.kind,
            tuple(str(samples[index].origin) for index in group.members),
            tuple(samples[index].split for index in group.members),
            group.detail or _labels(group, samples),
        )
        for group in groups
    ]


def _labels(group: Group, samples: Sequence[Sample]) -> str:
    if group.kind != "conflict":
        return ""
    return ", ".join(EMOTIONS[samples[index].label] for index in group.members)


def dropped_of(
    findings: Iterable[Finding], samples: Sequence[Sample], drops: Mapping[int, str]
) -> list[Dropped]:
    """What could not be read, then what was left out by the settings."""
    lost = [Dropped(f.pictures[0], None, f.kind) for f in findings if f.kind in LOST]
    return lost + [
        Dropped(str(samples[index].origin), samples[index].split, reason)
        for index, reason in sorted(drops.items())
    ]


def as_json(report: PrepareReport) -> str:
    """The whole report, with every picture named."""
    findings = {
        kind: [
            {"pictures": f.pictures, "splits": f.splits, "detail": f.detail}
            for f in report.of_kind(kind)
        ]
        for kind in report.kinds()
    }
    dropped = [
        {"picture": drop.picture, "split": drop.split, "reason": drop.reason}
        for drop in report.dropped
    ]
    whole = {
        **report.summary(),
        "sources": report.sources,
        "dropped_pictures": dropped,
        "all_findings": findings,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def as_markdown(report: PrepareReport) -> str:
    """The report for people, with the first few of each kind."""
    return "\n".join(
        [
            "# Dataset report",
            "",
            f"{report.seen} pictures seen, {report.written} written, {len(report.dropped)} left "
            f"out; fingerprint `{report.fingerprint}`. Sources: {', '.join(report.sources)}. "
            "A few pictures of each class: `samples.png`.",
            "",
            "## Pictures of each class",
            "",
            *counts_table(report),
            "",
            "## What was found",
            "",
            *_findings_table(report),
            *(line for kind in report.kinds() for line in _examples(report, kind)),
            "",
        ]
    )


def counts_table(report: PrepareReport) -> list[str]:
    """A Markdown table of emotions by splits, and below it which classes are empty."""
    splits = list(report.counts)
    rows = [[name, *(str(report.counts[split][name]) for split in splits)] for name in EMOTIONS]
    total = ["all", *(str(sum(report.counts[split].values())) for split in splits)]
    empty = [
        f"{split} has no picture of {name}"
        for split in splits
        for name in EMOTIONS
        if not report.counts[split][name]
    ]
    return [*_table(["", *splits], [*rows, total]), *(["", "; ".join(empty)] if empty else [])]


def _findings_table(report: PrepareReport) -> list[str]:
    if not report.findings:
        return ["Nothing."]
    rows = []
    for kind in report.kinds():
        figures = report.figures(kind)
        by_split = ", ".join(f"{n} {split}" for split, n in figures["by_split"].items())
        pictures = f"{figures['pictures']} ({by_split})"
        rows.append(
            [kind, KINDS[kind], str(figures["findings"]), pictures, str(figures["dropped"])]
        )
    return _table(["kind", "meaning", "findings", "pictures or files", "left out"], rows)


def _examples(report: PrepareReport, kind: str) -> list[str]:
    findings = report.of_kind(kind)
    lines = [
        f"- {' = '.join(f.pictures[:4])}{' …' if len(f.pictures) > 4 else ''}"
        f"{': ' + f.detail if f.detail else ''}"
        for f in findings[:_EXAMPLES]
    ]
    more = len(findings) - len(lines)
    return [
        "",
        f"### {kind}",
        "",
        *lines,
        *([f"- … and {more} more in report.json"] if more else []),
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def describe(report: PrepareReport) -> str:
    """What became of a run, in a few lines."""
    lines = [f"{report.written} of {report.seen} pictures written to {report.out}"]
    lines += [
        f"  {split:<11}{sum(counts.values()):>7}  "
        + ", ".join(f"{name} {number}" for name, number in counts.items())
        for split, counts in report.counts.items()
    ]
    for kind in report.kinds():
        figures = report.figures(kind)
        groups = f" in {figures['findings']} groups" * any(
            len(finding.pictures) > 1 for finding in report.of_kind(kind)
        )
        left_out = f"; {figures['dropped']} left out" * bool(figures["dropped"])
        lines.append(f"  {kind}: {figures['pictures']}{groups} ({KINDS[kind]}){left_out}")
    return "\n".join([*lines, f"report     {report.out / 'report.md'}"])
