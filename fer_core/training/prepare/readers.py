"""Every SOURCE that people have, as a stream of samples and findings."""

import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from fer_core.config import VIDEO_EXTENSIONS
from fer_core.emotions import EMOTIONS
from fer_core.errors import DatasetError, InputError, VideoError
from fer_core.paths import printable, to_path
from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.faces import FaceFinder, Found, Photo
from fer_core.training.prepare.labels import Labels, usage_of_path
from fer_core.training.prepare.manifest import MANIFEST
from fer_core.training.prepare.pictures import SampleMaker, decode
from fer_core.training.prepare.sample import Finding, Origin, Sample
from fer_core.training.prepare.tables import (
    Read,
    Votes,
    csv_columns,
    is_faces,
    is_votes,
    read_csv,
    read_parquet,
)
from fer_core.types import ByteArray

PICTURE_EXTENSIONS = ".png .jpg .jpeg .jpe .bmp .webp .tif .tiff .pgm .ppm".split()


@dataclass(frozen=True, slots=True)
class Item:
    """A file to read.

    Args:
        file: where it is now (an archive's files are unpacked).
        origin: what it is called in reports.
        folders: the names of the folders it lies in, outermost first, as far as they were named.
    """

    file: Path
    origin: Origin
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: samples in the order of the sources, and what is to be said of them."""

    samples: list[Sample]
    findings: list[Finding]


def read_sources(
    sources: Sequence[str], config: PrepareConfig, skip: Path | None = None
) -> Reading:
    """Reads all sources and joins the votes of FER+ if they are among them.

    Args:
        sources: files, directories or zip archives.
        config: settings.
        skip: a directory below a source that is left out, such as the output.

    Raises:
        InputError: a source does not exist or is of no known kind.
        DatasetError: a table or archive is damaged, or FER+ does not fit.
        ModelError: the face detector is missing.
    """
    reader = _Reader(config, skip)
    everything = [
        thing
        for source in sources
        for thing in tqdm(
            reader.read(source), f"read {printable(source)}", unit=" faces", disable=None
        )
    ]
    samples = [thing for thing in everything if isinstance(thing, Sample)]
    findings = [thing for thing in everything if isinstance(thing, Finding)]
    return _join_votes(samples, findings, reader.votes)


def _join_votes(samples: list[Sample], findings: list[Finding], votes: list[Votes]) -> Reading:
    if not votes:
        return Reading(samples, findings)
    if len(votes) > 1:
        raise DatasetError("expected one file with the votes of FER+, got more")
    joined = [votes[0].join(sample) for sample in samples]
    without = tuple(str(sample.origin) for sample in joined if sample.fer_row is None)
    if len(without) == len(joined):
        raise DatasetError(
            "the votes of FER+ are joined by row, but no SOURCE tells the rows of its pictures: "
            "give fer2013.csv, or Parquet with a column row"
        )
    if without:
        findings = [*findings, Finding("no_votes", without, (None,) * len(without))]
    return Reading(joined, findings)


class _Reader:
    def __init__(self, config: PrepareConfig, skip: Path | None) -> None:
        self._maker = SampleMaker(Labels(config.source_classes), config.size)
        self._finder = FaceFinder(config.faces, config.size)
        self._skip = skip
        self.votes: list[Votes] = []

    def read(self, source: str) -> Read:
        """All of one SOURCE."""
        path = to_path(source)
        name = printable(source)
        if path.is_dir():
            yield from self._folder(path, name, path.absolute().name)
        elif not path.is_file():
            raise InputError(f"cannot read {name}: no such file or directory")
        elif path.suffix.lower() == ".zip":
            with _unpacked(path) as folder:
                yield from self._folder(folder, name, path.stem)
        else:
            item = Item(path, Origin(name), path.absolute().parent.parts[-2:])
            for thing in self._items([item]):
                if isinstance(thing, Finding) and thing.kind == "not_read":
                    raise InputError(f"{name}: {_expected(path)}")
                yield thing

    def _folder(self, root: Path, source: str, name: str) -> Read:
        items = [
            Item(file, Origin(source, printable(path)), (name, *path.parts[:-1]))
            for file in _files(root, self._skip)
            for path in [file.relative_to(root)]
        ]
        if not items:
            raise InputError(f"{source}: expected pictures, videos or tables of faces, got no file")
        yield from self._items(items)

    def _items(self, items: list[Item]) -> Read:
        pictures = [item for item in items if item.file.suffix.lower() in PICTURE_EXTENSIONS]
        for start in range(0, len(pictures), self._finder.batch_size):
            yield from self._pictures(pictures[start : start + self._finder.batch_size])
        for item in items:
            suffix = item.file.suffix.lower()
            if suffix == ".parquet":
                yield from read_parquet(item.file, item.origin, self._maker)
            elif suffix == ".csv":
                yield from self._csv(item)
            elif suffix in VIDEO_EXTENSIONS:
                yield from self._video(item)
            elif suffix not in PICTURE_EXTENSIONS:
                yield Finding("not_read", (str(item.origin),))

    def _csv(self, item: Item) -> Read:
        columns = csv_columns(item.file)
        if is_votes(columns):
            self.votes.append(Votes(item.file))
        elif is_faces(columns):
            yield from read_csv(item.file, item.origin, self._maker)
        else:
            yield Finding("not_read", (str(item.origin),), detail=f"columns {', '.join(columns)}")

    def _pictures(self, items: Sequence[Item]) -> Read:
        """Up to a batch of pictures: faces already cut out first, then those found in photos."""
        photos: list[tuple[Item, Photo]] = []
        for item in items:
            content = _content(item.file)
            grey = decode(content)
            fault = self._unknown_label(item)
            if fault is not None:
                yield fault
            elif grey is None or self._finder.is_crop(grey):
                yield self._given(item, grey)
            else:
                photos.append((item, self._finder.photo(grey, decode(content, colour=True))))
        found = self._finder.in_photos([photo for _, photo in photos])
        for (item, _), face in zip(photos, found, strict=True):
            if face is None:
                yield Finding("no_face", (str(item.origin),))
            else:
                yield from self._found(item, item.origin, face)

    def _given(self, item: Item, grey: ByteArray | None) -> Sample | Finding:
        made = self._maker.make(grey, EMOTIONS[self._label(item)], item.origin)
        return made if isinstance(made, Finding) else replace(made, usage=_usage(item))

    def _video(self, item: Item) -> Read:
        if (fault := self._unknown_label(item)) is not None:
            yield fault
            return
        name = str(item.origin)
        try:
            faces = self._finder.in_video(item.file)
        except VideoError as error:
            yield Finding("unreadable", (name,), detail=str(error))
            return
        if faces.damage:
            yield Finding("damaged_video", (name,), detail=faces.damage)
        if missing := faces.frames - len(faces.found):
            detail = f"{missing} of {faces.frames} frames"
            yield Finding("no_face_in_frames", (name,), detail=detail)
        for found in faces.found:
            yield from self._found(item, replace(item.origin, time_s=found.time_s), found)

    def _found(self, item: Item, origin: Origin, face: Found) -> Read:
        if face.faces > 1:
            yield Finding("several_faces", (str(origin),), detail=f"{face.faces} faces")
        yield Sample(
            face.crop,
            self._label(item),
            origin,
            face.side,
            face.side,
            _usage(item),
            cut="photo" if face.time_s is None else "video",
        )

    def _label(self, item: Item) -> int:
        label = self._maker.labels.of_folders(item.folders)
        assert label is not None, "files without a label are not read"
        return label

    def _unknown_label(self, item: Item) -> Finding | None:
        if self._maker.labels.of_folders(item.folders) is not None:
            return None
        return Finding("unknown_label", (str(item.origin),), detail=item.folders[-1])


def _usage(item: Item) -> str | None:
    return usage_of_path(item.folders, item.file.stem)


def _content(file: Path) -> bytes | None:
    """What is in a file; None where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return None


def _expected(path: Path) -> str:
    if path.suffix.lower() == ".csv":
        return "expected the columns emotion and pixels, or those of FER+'s fer2013new.csv"
    return (
        "expected a directory, a zip archive, .csv, .parquet, a picture "
        f"({' '.join(PICTURE_EXTENSIONS)}) or a video ({' '.join(VIDEO_EXTENSIONS)})"
    )


def _files(root: Path, skip: Path | None) -> Iterator[Path]:
    """Files below a directory, sorted; links are followed, hidden names left out.

    Of a dataset that this package wrote, only the shards are taken.
    """
    seen: set[str] = set() if skip is None else {os.path.realpath(skip)}
    for place, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(n for n in folders if not n.startswith((".", "__MACOSX")))
        shards_only = MANIFEST in names
        for name in sorted(names):
            if not name.startswith(".") and (name.endswith(".parquet") or not shards_only):
                yield Path(place, name)


# RuntimeError is how zipfile says that a password is needed; the decompressors have their own.
_UNPACKING_FAILS = (
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


@contextmanager
def _unpacked(archive: Path) -> Iterator[Path]:
    """A zip archive's files in a temporary directory, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fer-prepare-") as folder:
        try:
            with zipfile.ZipFile(archive) as file:
                file.extractall(folder)
        except _UNPACKING_FAILS as error:
            raise DatasetError(f"{archive}: cannot be unpacked: {error}") from error
        yield Path(folder)
