"""What is kept of a long video until all its chunks are done: `DIR/.work/<video_id>/`.

A file a chunk, which appears whole and holds all columns of `records/` but the tracks, as those are
known only when all frames are. It counts while the video's file and the settings are those it was
made with. When the video is finished, its directory goes.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.atomic import atomic_file
from fer_core.emotions import PROBABILITY_COLUMNS
from fer_core.errors import Uncuttable
from fer_core.ledger import VideoSummary, read_row
from fer_core.paths import to_path
from fer_core.schema import CHUNK, with_metadata
from fer_core.sinks.parquet import RecordWriter
from fer_core.sources.base import SourceStats
from fer_core.types import Chunk, Faces, FrameFaces, VideoRef

WORK = ".work"

_WHOLE = "in-one-go"
_MADE = "made"
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Made:
    """What a chunk was made of and came to, beside its rows: as text in its file's metadata.

    Args:
        source: the video.
        settings_hash, size, mtime: of the settings and the video's file.
        chunk: which part of the video.
        duration_s: length of the whole video.
        wall_s: seconds that the work took.
        packets: frames that the file holds in the chunk's time.
        first_byte, last_byte: how far the file was read.
        leaves_out: whether frames may have been left out of decoding.
        is_damaged: whether anything that was decoded for it could not be read.
        frames_decoded, frames_sampled, frames_corrupt, first_damage, ends_early: as in
            `SourceStats`.
    """

    source: str
    settings_hash: str | None
    size: int | None
    mtime: str | None
    chunk: Chunk
    duration_s: float | None
    wall_s: float = 0.0
    packets: int = 0
    first_byte: int = 0
    last_byte: int = 0
    leaves_out: bool = False
    is_damaged: bool = False
    frames_decoded: int = 0
    frames_sampled: int = 0
    frames_corrupt: int = 0
    first_damage: str | None = None
    ends_early: str | None = None

    def of(self, row: VideoSummary) -> bool:
        """Whether it is of the file and the settings that a row is of."""
        mtime = row.mtime and row.mtime.isoformat()
        made_of = self.source, self.settings_hash, self.size, self.mtime
        return made_of == (row.source, row.settings_hash, row.size, mtime)


@dataclass(frozen=True)
class Workspace:
    """The chunks of one video.

    Args:
        out: the output directory.
        row: the video's row, as far as it is known: which file and which settings count.
    """

    out: Path
    row: VideoSummary

    @cached_property
    def directory(self) -> Path:
        return self.out / WORK / self.row.video_id

    def path(self, chunk: Chunk) -> Path:
        return self.directory / f"{chunk.index:05}.parquet"

    def made(self, chunk: Chunk) -> Made | None:
        """What is kept of a chunk; None where there is nothing, or nothing that counts."""
        made = read_made(self.path(chunk))
        if made is None or not made.of(self.row):
            return None
        is_same = replace(made.chunk, everything=chunk.everything) == chunk
        has_all = made.chunk.everything or not made.leaves_out
        return made if is_same and (has_all or not chunk.everything) else None

    def missing(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Those that have to be done still."""
        return [chunk for chunk in chunks if self.made(chunk) is None]

    def gather(self, chunks: Sequence[Chunk]) -> list[Made]:
        """What is kept of all chunks of the video.

        Raises:
            Uncuttable: one is missing, or a part of the file between two was read for neither.
        """
        found = [self.made(chunk) for chunk in chunks]
        made = [one for one in found if one is not None]
        if len(made) < len(found):
            raise Uncuttable(f"{self.row.source}: {len(found) - len(made)} chunks are missing")
        for before, after in pairwise(made):
            if after.first_byte > before.last_byte:
                raise Uncuttable(f"{self.row.source}: chunk {after.chunk.index} leaves a gap")
        return made

    @contextmanager
    def writing(self, chunk: Chunk, start_time_s: float) -> Iterator[RecordWriter]:
        """A writer of a chunk's frames; its file appears when the block ends without an error."""
        video = VideoRef(to_path(self.row.source), Path(), self.row.camera)
        with atomic_file(self.path(chunk)) as temporary:
            writer = RecordWriter(
                temporary, video, self.row.captured_at, start_time_s, with_metadata(CHUNK)
            )
            try:
                yield writer
            finally:
                writer.close()

    def give_up(self, reason: str) -> None:
        """Remembers that the video, as it is, has to be done in one go."""
        with atomic_file(self.directory / _WHOLE) as temporary:
            temporary.write_text(json.dumps([self.row.size, str(self.row.mtime), reason]))

    @property
    def is_given_up(self) -> bool:
        """Whether the video has to be done in one go."""
        try:
            size, mtime, _ = json.loads((self.directory / _WHOLE).read_text())
        except (OSError, ValueError):
            return False
        return (size, mtime) == (self.row.size, str(self.row.mtime))

    def frames(self, made: Sequence[Made]) -> Iterator[FrameFaces]:
        """The results of all chunks, in order, with true ranks.

        Raises:
            Uncuttable: a file cannot be read any more.
        """
        before = 0
        for one in made:
            try:
                table = pq.read_table(self.path(one.chunk))
            except _UNREADABLE as error:
                raise Uncuttable(f"{self.path(one.chunk)}: cannot be read ({error})") from error
            for frame in frames_of(table):
                yield replace(frame, frame_index=before + frame.frame_index)
            before += one.packets


def remove_work(out: Path, video_id: str) -> None:
    """Removes what is kept of a video that is finished."""
    shutil.rmtree(out / WORK / video_id, ignore_errors=True)


def remove_finished(out: Path) -> None:
    """Removes what a kill has left of videos that are finished."""
    if not (out / WORK).is_dir():
        return
    for directory in (out / WORK).iterdir():
        row = read_row(out, directory.name)
        made = next(filter(None, map(read_made, sorted(directory.glob("[0-9]*")))), None)
        if row and (made is None or made.of(row)):
            remove_work(out, directory.name)


def chunks_in_work(out: Path) -> dict[str, list[Made]]:
    """The chunks that are done of videos that are not, by video_id; at least one of each."""
    found: dict[str, list[Made]] = {}
    for directory in (out / WORK).glob("[0-9a-f]*"):
        made = [one for one in map(read_made, directory.glob("[0-9]*")) if one is not None]
        row = read_row(out, directory.name)
        if made and not (row and made[0].of(row)):
            found[directory.name] = made
    return found


def read_made(path: Path) -> Made | None:
    """What the file of a chunk says of it; None where there is none, or none that can be read."""
    try:
        values = json.loads((pq.read_metadata(path).metadata or {})[_MADE.encode()])
        return Made(**values | {"chunk": Chunk(**values["chunk"])})
    except _UNREADABLE:
        return None


def note(writer: RecordWriter, made: Made) -> None:
    """Writes what a chunk came to into its file, before that is closed."""
    writer.note(**{_MADE: json.dumps(asdict(made))})


def stats_of(made: Sequence[Made]) -> SourceStats:
    """What reading all chunks of a video came to, as if it had been read in one go."""
    return SourceStats(
        frames_decoded=sum(one.frames_decoded for one in made),
        frames_sampled=sum(one.frames_sampled for one in made),
        frames_corrupt=sum(one.frames_corrupt for one in made),
        first_damage=next((one.first_damage for one in made if one.first_damage), None),
        ends_early=made[-1].ends_early,
    )


def frames_of(table: pa.Table) -> Iterator[FrameFaces]:
    """The frames of a table of records, in its order: what `RecordWriter` was given."""

    def column(name: str, dtype: type = np.float32) -> np.ndarray:
        return table.column(name).to_numpy().astype(dtype, copy=False)

    has_face = table.column("face_index").is_valid().to_numpy()
    landmarks = table.column("landmarks").filter(pa.array(has_face)).combine_chunks()
    boxes = np.stack([column(f"box_{side}") for side in "xywh"], axis=1)
    probabilities = np.stack([column(name) for name in PROBABILITY_COLUMNS], axis=1)
    marks = np.full((len(table), 10), np.nan, np.float32)
    marks[has_face] = landmarks.flatten().to_numpy().reshape(-1, 10)
    scores, sharpness, yaw = (column(name) for name in ("det_score", "sharpness", "yaw"))
    index, pts = column("frame_index", np.int64), column("pts", np.int64)
    time_s = column("time_s", np.float64)
    starts = np.flatnonzero(np.diff(pts, prepend=pts[:1] - 1))
    for start, stop in pairwise([*starts.tolist(), len(table)]):
        rows = slice(start, stop if has_face[start] else start)
        yield FrameFaces(
            int(index[start]),
            int(pts[start]),
            float(time_s[start]),
            Faces(boxes[rows], marks[rows], scores[rows]),
            probabilities[rows],
            sharpness[rows],
            yaw[rows],
        )
