"""`fer bench`: how fast this is, beside decoding alone, the usual loop and ffmpeg."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import AsJson, Debug


def bench(
    videos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="VIDEO", help="Videos to measure; none runs the whole benchmark."),
    ] = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=1, help="Rounds; medians are shown.")
    ] = 3,
    face: Annotated[
        Path | None,
        typer.Option(
            "--face", metavar="FILE", help="A video of one face to make clips of; else drawn."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of the whole benchmark on short clips.")
    ] = False,
    docs: Annotated[
        Path | None,
        typer.Option("--docs", metavar="DIR", help="Write DIR/benchmark.md and its picture."),
    ] = None,
    cache: Annotated[
        Path, typer.Option("--cache", metavar="DIR", help="Where clips are kept.")
    ] = Path("bench"),
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure decoding alone, the usual loop, this pipeline and ffmpeg, side by side.

    A whole benchmark that was cut off goes on where it was when it is started again.
    """
    from fer_core.bench.journal import Journal
    from fer_core.bench.report import bench_all, bench_videos, check_docs, write_docs
    from fer_core.bench.whole import QUICK, Length

    def say(line: str) -> None:
        typer.echo(line, err=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what it is measuring, too
    if docs:
        check_docs(docs)
    if videos:
        report = bench_videos(videos, runs, cache, say)
    else:
        rounds, length = (1, QUICK) if quick else (runs, Length())
        report = bench_all(face, rounds, cache, length, say)
    if docs:
        write_docs(report, docs)
    if not videos:
        Journal(cache).remove()  # what is through is measured anew the next time
    typer.echo(json.dumps(report.as_dict()) if as_json else report.as_markdown())
