"""How many bytes a file lacks, by what its own outer structure promises.

A truncated MP4 whose index survived, or a cut MKV, decodes without any error up to the cut.
The sizes that the container's outermost elements state tell the difference exactly, where a
guess from durations would take a video that ends before its sound for a damaged one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"


def missing_bytes(path: Path) -> int:
    """Bytes by which the file is shorter than its container says; 0 if whole or unknown.

    Knows MP4 and MOV (boxes), MKV and WebM (EBML), AVI (RIFF chunks) and GIF, of which only
    the missing of its closing byte can be told.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == _EBML:
            ends = _ebml_ends(file)
        elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            ends = _riff_ends(file, size)
        elif head[:4] == b"GIF8":
            file.seek(-1, os.SEEK_END)
            return 0 if file.read(1) in (b";", b"\0") else 1
        elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            ends = _box_ends(file, size)
        else:
            return 0
        return max(0, max(ends, default=0) - size)


def _box_ends(file: BinaryIO, size: int) -> Iterator[int]:
    """Where the top-level boxes of an MP4 say that they end."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # 0 is "to the end of the file"; anything else is no box
            return
        start += length
        yield start


def _riff_ends(file: BinaryIO, size: int) -> Iterator[int]:
    """Where the RIFF chunks of an AVI say that they end (long files have several)."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or length in (0, 0xFFFFFFFF):  # not closed by its writer
            return
        start += 8 + length
        yield start


def _ebml_ends(file: BinaryIO) -> Iterator[int]:
    """Where the segment of a Matroska file says that it ends."""
    file.seek(len(_EBML))
    header = _ebml_size(file)
    if header is None:
        return
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return
    segment = _ebml_size(file)
    if segment is not None:
        yield file.tell() + segment


def _ebml_size(file: BinaryIO) -> int | None:
    """An EBML variable-length size; None for "unknown", as live recordings have it."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    bits = 7 * length
    value = int.from_bytes(first + file.read(length - 1), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value
