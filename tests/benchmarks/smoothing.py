"""The picture in docs/querying.md: one face's probability, raw and smoothed.

python -m tests.benchmarks.smoothing
"""

import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from fer_core.queries.tables import Wanted, faces_by_video
from fer_core.sample_week import make_sample_week
from fer_core.sinks.palette import EMOTION_COLOURS

SOURCE = "/archive/hall/20261102_080000.mp4"
PICTURE = Path("docs/images/smoothing.png")


def main() -> None:
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    with tempfile.TemporaryDirectory() as week:
        make_sample_week(Path(week))
        for tau_s, width, colour in ((0, 0.8, "#999999"), (0.5, 2, EMOTION_COLOURS["angry"])):
            [faces] = faces_by_video(week, Wanted(SOURCE, smooth_s=tau_s))
            face = faces[faces.track_id == 0]
            label = f"τ = {tau_s:g} s" if tau_s else "raw"
            axes.plot(face.time_s, face.p_happy, linewidth=width, color=colour, label=label)
    axes.set(xlabel="seconds", ylabel="probability of happy", ylim=(0, 1))
    axes.legend(loc="lower right")
    figure.savefig(PICTURE, dpi=100)


if __name__ == "__main__":
    main()
