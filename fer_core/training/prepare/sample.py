"""What the readers hand on: labelled faces, and what they could not take."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from fer_core.types import ByteArray

KINDS: Final = {
    "unreadable": "no picture or video that could be decoded",
    "unknown_label": "the label or folder names none of the seven emotions",
    "no_face": "no face was found in the photo",
    "no_face_in_frames": "frames of a video in which no face was found",
    "damaged_video": "a video that could be decoded in part",
    "unknown_split": "the word for the split is not known; shared out like pictures without one",
    "no_votes": "FER+ was given, but this picture's row in fer2013.csv is not known",
    "several_faces": "more than one face in the picture; the largest was taken",
    "not_read": "a file in a folder that is no picture, video or table of faces",
    "wrong_size": "of another size than asked for; resized",
    "not_square": "not square; the square in its middle was taken",
    "blank": "one single grey",
    "duplicate": "equal pixels",
    "conflict": "equal pixels with different labels",
    "leak": "equal pixels in more than one split",
    "near_duplicate": "not equal, but of nearly the same perceptual hash",
    "near_leak": "near duplicates in more than one split",
    "subject_leak": "one subject in more than one split",
}
"""Everything that is reported, with its meaning."""

Cut = Literal["given", "photo", "video"]

LOST: Final = ("unreadable", "unknown_label", "no_face")
"""Kinds of which no picture can be in a dataset, whatever the settings."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a face comes from.

    Args:
        source: the SOURCE as it was given.
        path: the file below it, where SOURCE is a directory or an archive.
        row: the line (from 0, without the header) or row of a table.
        time_s: seconds into a video.
    """

    source: str
    path: str | None = None
    row: int | None = None
    time_s: float | None = None

    @property
    def file(self) -> str:
        """The file, as text."""
        return self.source if self.path is None else f"{self.source.rstrip('/')}/{self.path}"

    def __str__(self) -> str:
        if self.time_s is not None:
            return f"{self.file} at {self.time_s:.2f} s"
        return self.file if self.row is None else f"{self.file} row {self.row}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled face.

    Args:
        image: (size, size) uint8, grey.
        label: index into `EMOTIONS`.
        origin: where it comes from.
        width, height: pixels it had there.
        usage: the source's own word for its split, such as "PublicTest".
        split: "train", "validation" or "test"; None until it is decided.
        fer_row: its row in the original `fer2013.csv`, where known.
        votes: ten FER+ vote counts in the order of `VOTES`.
        cut: "given" as a face already cut out, or found in a "photo" or "video".
    """

    image: ByteArray
    label: int
    origin: Origin
    width: int
    height: int
    usage: str | None = None
    split: str | None = None
    fer_row: int | None = None
    votes: tuple[int, ...] | None = None
    cut: Cut = "given"

    @property
    def digest(self) -> str:
        """SHA-256 of the pixels, in hex: equal pictures have equal ones."""
        return hashlib.sha256(self.image.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to report.

    Args:
        kind: one of `KINDS`.
        pictures: what it is about; more than one where they belong together.
        splits: the split of each, None where it has none.
        detail: what exactly was found.
    """

    kind: str
    pictures: tuple[str, ...]
    splits: tuple[str | None, ...] = (None,)
    detail: str = ""
