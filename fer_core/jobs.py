"""The pieces that a run is made of: each a job on one video, which any worker can do.

A job is plain values that pickle, so it may be sent to another process; pictures never are.
"""

from dataclasses import dataclass
from pathlib import Path

from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.ledger import Decision, VideoSummary
from fer_core.types import OnProgress


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a long video's media time; it holds the frames with start ≤ pts < end.

    Args:
        index: its place among the chunks of its video, from 0 …
        count: … and how many these are.
        start, end: pts in the stream's time base; None for the video's own start or end.
        start_s, end_s: the same in seconds of media; `end_s` of the last is the video's end.
    """

    index: int
    count: int
    start: int | None
    end: int | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work on one video.

    Args:
        decision: the video, and what the ledger decided for it.
        chunk: the chunk that is to be analysed, or …
        chunks: … all of them, of which the video is to be finished; with neither, all of the
            video is to be done, if it is not so long that it is cut.
    """

    decision: Decision
    chunk: Chunk | None = None
    chunks: tuple[Chunk, ...] = ()


Outcome = VideoSummary | tuple[Job, ...]
"""The row of a video that is done, or the jobs that have to be done first (none after a chunk)."""


def do(
    job: Job, out: Path, engine: Engine, config: ProcessConfig, on_progress: OnProgress
) -> Outcome:
    """Does one job.

    Args:
        job: what is to be done.
        out: the output directory.
        engine: the networks.
        config: the settings with which they were loaded.
        on_progress: as in `fer_core.analyse`.

    Raises:
        as `fer_core.analyse`.
    """
    from fer_core.pipeline import process  # loads decoders: only the process that works does

    return process(job.decision, out, engine, config, on_progress)
