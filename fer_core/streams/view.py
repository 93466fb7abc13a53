"""The live view in a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fer_core.emotions import EMOTIONS
from fer_core.sinks.palette import EMOTION_COLOURS
from fer_core.streams.status import Snapshot, Status

_BAR = 32
_STATES = {"live": "green", "connecting": "yellow", "waiting": "yellow", "failed": "red"}


@contextmanager
def show(statuses: Sequence[Status], console: Console | None = None) -> Iterator[None]:
    """Draws the cameras again and again while the block runs.

    Args:
        statuses: one a camera.
        console: where to; the terminal if None.
    """

    def picture() -> RenderableType:
        return render([status.snapshot() for status in statuses])

    with Live(get_renderable=picture, console=console, refresh_per_second=4):
        yield


def render(cameras: Sequence[Snapshot]) -> RenderableType:
    """One panel a camera."""
    return Group(*(_panel(camera) for camera in cameras))


def _panel(now: Snapshot) -> Panel:
    title = Text.assemble(
        (now.camera, "bold"), "  ", (f"● {now.state}", _STATES.get(now.state, "dim"))
    )
    grid = Table.grid(padding=(0, 3))
    grid.add_row(_numbers(now), _bars(now))
    words = [(now.note, "yellow"), (now.warning, "red")]
    lines = [Text(text, colour) for text, colour in words if text]
    return Panel(Group(*lines, grid), title=title, title_align="left", border_style="bright_black")


def _numbers(now: Snapshot) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right", min_width=7)
    delay = "–" if now.delay_s is None else f"{now.delay_s * 1000:.0f} ms"
    rows = {
        "people in view": str(now.people),
        "frames/s": f"{now.frames_s:.1f}",
        "faces/s": f"{now.faces_s:.1f}",
        "delay": delay,
        "dropped": str(now.dropped),
        "damaged": str(now.corrupt),
        "reconnects": str(now.reconnects),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _bars(now: Snapshot) -> Table:
    """The mean probability of each emotion over the people in view."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(max_width=_BAR)  # less in a narrow terminal
    table.add_column(no_wrap=True)
    values = now.emotions or (0.0,) * len(EMOTIONS)
    for emotion, value in zip(EMOTIONS, values, strict=True):
        bar = Bar(1, 0, value, color=EMOTION_COLOURS[emotion], bgcolor="grey19")
        table.add_row(Text(emotion), bar, Text(f"{value:4.0%}" if now.people else "  –"))
    return table
