"""The pieces that a run is made of: each a job on one video, which any worker can do.

A job is plain values that pickle, so it may be sent to another process; pictures never are.
"""

from dataclasses import dataclass
from pathlib import Path

from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.ledger import Decision, VideoSummary
from fer_core.types import Chunk, OnProgress


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


@dataclass(frozen=True, slots=True)
class Cut:
    """What is to be done instead of a job.

    Args:
        first: jobs that may be done in any order, and at once.
        then: the job that follows when all of these are done.
    """

    first: tuple[Job, ...]
    then: Job


Outcome = VideoSummary | Cut | None
"""The row of a video that is done, or the jobs that do it; None after a chunk."""


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
    # They load decoders: only the process that works does.
    from fer_core.long_videos import LongVideo
    from fer_core.pipeline import process

    long = LongVideo(job.decision, out, engine, config, on_progress)
    if job.chunk is not None:
        return long.analyse_chunk(job.chunk)
    if job.chunks:
        return long.finish(job.chunks)
    return long.cut() or process(job.decision, out, engine, config, on_progress)
