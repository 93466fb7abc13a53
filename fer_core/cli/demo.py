"""`fer demo`: the whole path on sample videos that it draws itself."""

from pathlib import Path
from typing import Annotated

import typer

from fer_core.cli.options import Debug

_COLUMNS = "source time_s face_index track_id emotion confidence".split()
_ROWS_A_VIDEO = 3


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the samples and results go.")
    ] = Path("demo"),
    debug: Debug = False,
) -> None:
    """Draw sample videos, process them, and show the first rows.

    Needs the extra `demo` (scikit-image, whose picture of an astronaut lends its face).
    """
    from fer_core.cli.run import report, run
    from fer_core.config import ProcessConfig
    from fer_core.records import load_records
    from fer_core.samples import make_samples

    videos, out = directory / "videos", directory / "out"
    if not videos.is_dir():
        drawing = directory / ".videos"  # so that an interrupted demo leaves no half set
        make_samples(drawing)
        drawing.rename(videos)
    summary = run([str(videos)], out, ProcessConfig(), debug=debug)
    report(summary, out, as_json=False)
    faces = load_records(out, columns=_COLUMNS).dropna(subset="emotion")
    rows = faces.groupby("source").head(_ROWS_A_VIDEO)
    rows = rows.assign(source=rows["source"].map(lambda source: Path(source).name))
    typer.echo(f"\nthe first faces of each video:\n{rows.to_string(index=False)}")
    raise typer.Exit(summary.exit_code)
