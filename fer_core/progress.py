"""How far a run over many videos is: one bar on the terminal, fed from several threads."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tqdm import tqdm

from fer_core.ledger import Decision, Todo
from fer_core.types import Chunk, OnProgress, Progress, VideoRef

# Made for 80 columns; what does not fit is cut off at the end.
_FORMAT = "{percentage:3.0f}% |{bar:8}| {remaining} left, {desc}"


class Board:
    """Counts videos, media time, frames and faces, and shows them on stderr.

    The bar follows bytes, the one size that is known of every video before it is opened, so
    that the time left makes sense for one long video as for many short ones.

    Args:
        work: what the run has to do.
        render: whether annotated videos are made, in a pass of their own.
        visible: whether the bar is drawn.
    """

    def __init__(self, work: Sequence[Decision], render: bool, visible: bool) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._active: dict[tuple[str, int | None], _Task] = {}
        self._through: Counter[str] = Counter()  # bytes of each video
        self._render = render
        self._phases = {decision.video.video_id: _phases(decision, render) for decision in work}
        self._sizes = {decision.video.video_id: _size(decision.video) for decision in work}
        self._done = 0
        self._media_s, self._frames, self._faces = 0.0, 0, 0
        self._bar = tqdm(
            total=sum(self._sizes.values()),
            disable=not visible,
            bar_format=_FORMAT,
            smoothing=0,
            mininterval=0.2,
            leave=False,
        )

    def reporter(self, video: VideoRef, chunk: Chunk | None = None) -> OnProgress:
        """What the work on one video, or on a chunk of it, reports to; call it when that begins."""
        video_id = video.video_id
        with self._lock:
            if video_id not in self._sizes:
                self._add(video)
            phases = self._phases[video_id]
            weight = self._sizes[video_id] - self._through[video_id]
            if chunk is not None:
                weight = self._sizes[video_id] // len(phases) // chunk.count
                phases = phases[:1]
            state = _Task(weight, phases)
            self._active[video_id, chunk and chunk.index] = state
        return lambda progress: self._report(state, progress)

    def left(self, video: VideoRef, chunk: Chunk | None = None) -> None:
        """Tells that nobody works any more on a video, or on a chunk of it."""
        with self._lock:
            state = self._active.pop((video.video_id, chunk and chunk.index))
            self._through[video.video_id] += state.done

    def finished(self, video: VideoRef) -> None:
        """Counts a video as done, whatever became of it."""
        with self._lock:
            self._done += 1
            self._bar.set_description_str(self._line(), refresh=False)
            size = self._sizes.get(video.video_id, 0)
            self._bar.update(size - self._through[video.video_id])
            self._bar.refresh()  # however soon after the last time: a video is news

    def close(self) -> None:
        """Takes the bar off the screen."""
        with self._lock:
            self._bar.close()

    def _add(self, video: VideoRef) -> None:
        """A video that came, or changed, since the run was planned."""
        self._phases[video.video_id] = _all_phases(self._render)
        self._sizes[video.video_id] = _size(video)
        self._bar.total += self._sizes[video.video_id]

    def _report(self, state: "_Task", progress: Progress) -> None:
        with self._lock:
            before, state.share = state.done, max(state.share, state.share_at(progress))
            if progress.phase == "analyse":
                self._media_s += progress.media_time_s - state.last.media_time_s
                self._frames += progress.frames - state.last.frames
                self._faces += progress.faces - state.last.faces
                state.last = progress
            self._bar.set_description_str(self._line(), refresh=False)
            self._bar.update(state.done - before)

    def _line(self) -> str:
        elapsed = max(time.monotonic() - self._began, 1e-3)
        return (
            f"{self._done}/{len(self._phases)} videos, "
            f"{timedelta(seconds=int(self._media_s))} media, "
            f"{self._frames / elapsed:.0f} frames/s, {self._faces / elapsed:.0f} faces/s"
        )


@dataclass(slots=True)
class _Task:
    """One video in work, or one chunk of it.

    Args:
        weight: its part of the whole, in bytes.
        phases: what is to be done with it, in order.
        share: how much of that is done (0–1).
        last: its latest report on the analysis.
    """

    weight: int
    phases: tuple[str, ...]
    share: float = 0.0
    last: Progress = field(default_factory=lambda: Progress("analyse", 0.0))

    @property
    def done(self) -> int:
        """Bytes of it that are done; whole ones, so that the sum never passes the total."""
        return int(self.weight * self.share)

    def share_at(self, progress: Progress) -> float:
        """How much of this video is done, by the time its phase has reached."""
        if not progress.duration_s or progress.phase not in self.phases:
            return 0.0  # analysed, where rendering was planned: its records were damaged
        within = min(max(progress.media_time_s / progress.duration_s, 0.0), 1.0)
        return (self.phases.index(progress.phase) + within) / len(self.phases)


def _phases(decision: Decision, render: bool) -> tuple[str, ...]:
    if decision.todo is Todo.RENDER:
        return ("render",)
    return _all_phases(render)


def _all_phases(render: bool) -> tuple[str, ...]:
    return ("analyse", "render") if render else ("analyse",)


def _size(video: VideoRef) -> int:
    """Bytes of a file, at least 1 so that every video counts."""
    try:
        return max(video.path.stat().st_size, 1)
    except OSError:
        return 1
