"""Long videos: cut into chunks, these analysed in any order, and the video finished of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_core.capture_time import capture_from_name
from fer_core.chunks import Made, Workspace, note
from fer_core.config import ProcessConfig
from fer_core.engine import Engine
from fer_core.errors import Uncuttable, VideoError
from fer_core.jobs import Cut, Job
from fer_core.ledger import Decision, Todo, VideoSummary
from fer_core.pipeline import analyse, finish, new_row
from fer_core.results import results_of
from fer_core.sources.chunk import ChunkSource, chunks_of
from fer_core.types import Chunk, OnProgress, Progress


@dataclass(frozen=True, slots=True)
class LongVideo:
    """What is done with a long video.

    Args:
        decision: the video, and what the ledger decided for it.
        out: the output directory.
        engine: the networks.
        config: the settings with which they were loaded.
        on_progress: as in `fer_core.analyse`.
    """

    decision: Decision
    out: Path
    engine: Engine
    config: ProcessConfig
    on_progress: OnProgress

    def cut(self) -> Cut | None:
        """The jobs of a long video whose chunks are not all done; None if it is done in one go.

        Between two looks of the detector faces are followed, so such a video is not cut.
        """
        video, workspace = self.decision.video, self._workspace()
        if self.decision.todo is not Todo.ANALYSE or self.config.detect.every > 1:
            return None
        try:
            chunks = chunks_of(video.path, self.config.sample, self.config.chunk_s)
        except VideoError:  # its row will say why
            return None
        if not chunks or workspace.is_given_up:
            return None
        return self._jobs(workspace.missing(chunks), chunks)

    def analyse_chunk(self, chunk: Chunk) -> None:
        """Finds and keeps the faces of a chunk, or keeps that the video cannot be cut."""
        video, workspace = self.decision.video, self._workspace()
        if workspace.is_given_up:
            return
        named = capture_from_name(video.path, self.config.archive)
        try:
            with ChunkSource(
                video.path,
                chunk,
                self.config.sample,
                self.config.detect.long_side,
                named.captured_at,
                self.config.decode.hwaccel,
            ) as source:
                self._write(chunk, source, workspace)
        except (Uncuttable, VideoError) as error:
            workspace.give_up(str(error))

    def finish(self, chunks: tuple[Chunk, ...]) -> VideoSummary | Cut:
        """The row of a video whose chunks are done; in one go, if they do not make one."""
        video = self.decision.video
        try:
            made = self._workspace().gather(chunks)
            if again := _behind_damage(made):
                everything = {chunk.index: chunk for chunk in again}
                return self._jobs(again, [everything.get(c.index, c) for c in chunks])
            return finish(video, self.out, self.engine, self.config, made, self.on_progress)
        except Uncuttable:
            return analyse(video, self.out, self.engine, self.config, self.on_progress)

    def _write(self, chunk: Chunk, source: ChunkSource, workspace: Workspace) -> None:
        began, row, info = time.perf_counter(), workspace.row, source.info
        frames = faces = 0
        with workspace.writing(chunk, info.start_time_s) as writer:
            with results_of(source, self.engine, self.config) as results:
                for frame in results:
                    writer.write(frame)
                    frames += 1
                    faces += len(frame.faces)
                    seconds = frame.time_s - info.start_time_s - chunk.start_s
                    length_s = chunk.end_s - chunk.start_s
                    self.on_progress(Progress("analyse", seconds, frames, faces, length_s))
            stats, reach = source.stats, source.reach
            note(
                writer,
                Made(
                    source=row.source,
                    settings_hash=row.settings_hash,
                    size=row.size,
                    mtime=row.mtime and row.mtime.isoformat(),
                    chunk=chunk,
                    duration_s=info.duration_s,
                    wall_s=time.perf_counter() - began,
                    packets=reach.packets,
                    first_byte=reach.first_byte,
                    last_byte=reach.last_byte,
                    leaves_out=reach.leaves_out,
                    is_damaged=reach.is_damaged,
                    frames_decoded=stats.frames_decoded,
                    frames_sampled=stats.frames_sampled,
                    frames_corrupt=stats.frames_corrupt,
                    first_damage=stats.first_damage,
                    ends_early=stats.ends_early,
                ),
            )

    def _workspace(self) -> Workspace:
        return Workspace(self.out, new_row(self.decision.video, self.engine.ids))

    def _jobs(self, now: Sequence[Chunk], chunks: Sequence[Chunk]) -> Cut:
        jobs = tuple(Job(self.decision, chunk) for chunk in now)
        return Cut(jobs, Job(self.decision, chunks=tuple(chunks)))


def _behind_damage(made: Sequence[Made]) -> list[Chunk]:
    """Damaged chunks behind another such one: in one go, nothing is left out of decoding there."""
    damaged = [one for one in made if one.is_damaged]
    return [replace(one.chunk, everything=True) for one in damaged[1:] if one.leaves_out]
