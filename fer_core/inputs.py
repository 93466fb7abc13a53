"""Which videos a command line means: files, directories and globs to `VideoRef`s."""

import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path, PurePath

from fer_core.config import VIDEO_EXTENSIONS
from fer_core.errors import InputError
from fer_core.paths import absolute_path, printable, to_path
from fer_core.s3 import S3Path, objects_below
from fer_core.types import VideoRef

OnUnreadable = Callable[[VideoRef, str], None]


def find_videos(
    inputs: Sequence[str], out: Path, on_unreadable: OnUnreadable | None = None
) -> list[VideoRef]:
    """The videos that INPUT names, each once, in a stable order.

    A directory is searched to its depths for known extensions, leaving out hidden names and
    `out` itself. A glob (`**` too) takes known extensions and the one it spells out. A file
    that is named outright is taken whatever it is called. Links are followed; a file that is
    reached in several ways is taken once, under its own path where a search finds that too. A
    link with a known extension that leads nowhere is taken, so that its row says so; text that
    is named `.ts` (TypeScript) is not.

    `relative` is the path below the directory that was searched, or the bare name of a file
    that was named outright; two videos may have the same.

    Args:
        inputs: paths, globs, `file://` or `s3://` URIs (an object, or a prefix without globs).
        out: the output directory, whether it exists or not.
        on_unreadable: is told each directory in INPUT that cannot be searched, and why.

    Raises:
        InputError: a path does not exist or cannot be read, or there is no video at all.

    Example:
        >>> find_videos(["holiday/"], Path("out"))[0].relative  # doctest: +SKIP
        PurePosixPath('day1/beach.mp4')
    """
    search = _Search(Path(os.path.realpath(out)))
    videos = [video for text in inputs for video in search.videos(text)]
    for directory, reason in search.unreadable:
        if on_unreadable:
            on_unreadable(directory, reason)
    if not videos and not search.unreadable:
        raise InputError(
            f"no video found in {', '.join(map(printable, inputs)) or 'no INPUT'}: looked for "
            f"{' '.join(VIDEO_EXTENSIONS)} (a file named outright is tried whatever its extension)"
        )
    return videos


class _Search:
    """One search over all INPUT, which remembers what it has seen."""

    def __init__(self, out: Path) -> None:
        self.unreadable: list[tuple[VideoRef, str]] = []
        self._out = out
        self._files: set[str] = set()
        self._directories: set[str] = set()

    def videos(self, text: str) -> Iterator[VideoRef]:
        """The videos of one INPUT that no earlier one had."""
        path = to_path(text)
        if isinstance(path, S3Path):
            yield from self._objects(path)
            return
        try:
            mode = path.stat().st_mode if text else 0
        except (OSError, ValueError) as error:
            if not glob.has_magic(text):
                reason = getattr(error, "strerror", None) or error
                raise InputError(f"cannot read {printable(text)}: {reason}") from error
            yield from self._glob(text)
            return
        if stat.S_ISDIR(mode):
            yield from self._directory(absolute_path(path))
        elif stat.S_ISREG(mode):
            yield from self._file(absolute_path(path), PurePath(path.name))
        else:
            raise InputError(f"{printable(text) or 'an empty INPUT'}: no file and no directory")

    def _objects(self, top: S3Path) -> Iterator[VideoRef]:
        """Videos in S3: an object that is named outright, or all below a prefix."""
        forbidden = self._forbidden(top)
        try:
            found = objects_below(top) if top.key else []
            if not found and stat.S_ISREG(top.stat().st_mode):
                yield from self._file(top, PurePath(top.name))
        except OSError as error:
            raise InputError(f"cannot read {top}: {error.strerror}") from error
        for path in found:
            relative = PurePath(*path.relative_to(top).parts)
            is_hidden = any(part.startswith(".") for part in relative.parts)
            is_output = forbidden and Path(os.path.realpath(path)).is_relative_to(forbidden)
            if not is_hidden and not is_output and _is_video(path):
                yield from self._file(path, relative)

    def _glob(self, pattern: str) -> Iterator[VideoRef]:
        matches = sorted(map(Path, glob.iglob(pattern, recursive=True)), key=_real_first)
        if not matches:
            raise InputError(f"nothing matches {printable(pattern)}")
        root, spelt = absolute_path(_fixed_part(pattern)), PurePath(pattern).suffix.lower()
        forbidden = self._forbidden(root)
        for path in map(absolute_path, matches):
            if forbidden and Path(os.path.realpath(path)).is_relative_to(forbidden):
                continue
            if os.path.isdir(path):
                yield from self._directory(path, root)
            elif _is_video(path) or (spelt and path.suffix.lower() == spelt and _is_file(path)):
                yield from self._file(path, path.relative_to(root))

    def _directory(self, directory: Path, root: Path | None = None) -> Iterator[VideoRef]:
        root = root or directory
        for path in sorted(self._walk(directory, root), key=_real_first):
            yield from self._file(path, path.relative_to(root))

    def _walk(self, top: Path, root: Path) -> Iterator[Path]:
        """Files with known extensions; linked directories last, so that real names win."""
        forbidden = self._forbidden(top)
        waiting: list[Path] = [top]
        linked: list[Path] = []
        while waiting or linked:
            directory = waiting.pop() if waiting else linked.pop(0)
            real = os.path.realpath(directory)
            if real in self._directories:
                continue
            if forbidden and Path(real).is_relative_to(forbidden):
                continue
            self._directories.add(real)
            for entry in self._entries(directory, root):
                if _is_directory(entry):
                    (linked if entry.is_symlink() else waiting).append(Path(entry.path))
                elif _is_video(Path(entry.path)):
                    yield Path(entry.path)

    def _entries(self, directory: Path, root: Path) -> list[os.DirEntry[str]]:
        """What lies in a directory, without hidden names, in order."""
        try:
            with os.scandir(directory) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            reason = f"cannot be searched: {error.strerror}"
            if directory == root:
                raise InputError(f"{printable(directory)} {reason}") from error
            self.unreadable.append((VideoRef(directory, directory.relative_to(root)), reason))
            return []
        return sorted(visible, key=lambda entry: entry.name)

    def _forbidden(self, root: Path) -> Path | None:
        """Where the search below `root` must not go: `out`, or what a run would write there."""
        real, annotated = Path(os.path.realpath(root)), self._out / "annotated"
        if not real.is_relative_to(self._out):
            return self._out
        return None if real.is_relative_to(annotated) else annotated

    def _file(self, path: Path, relative: PurePath) -> Iterator[VideoRef]:
        real = os.path.realpath(path)
        if real not in self._files:
            self._files.add(real)
            yield VideoRef(path, relative)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle, or where one may not look
        return False


def _is_video(path: Path) -> bool:
    """Whether a file has a known extension, and is not TypeScript in one that is `.ts`."""
    suffix = path.suffix.lower()
    return suffix in VIDEO_EXTENSIONS and _is_file(path) and not (suffix == ".ts" and _text(path))


def _is_file(path: Path) -> bool:
    """Whether it is a file, or a link that leads nowhere: what is lost must be told."""
    return os.path.isfile(path) or not os.path.exists(path)


def _text(path: Path) -> bool:
    """Whether a file begins as text; MPEG-TS, even cut anywhere, has zeros in its packets."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return bool(head) and b"\0" not in head


def _real_first(path: Path) -> tuple[bool, Path]:
    """Sorts links behind files, so that a file that is reached as both keeps its own path."""
    return os.path.islink(path), path


def _fixed_part(pattern: str) -> Path:
    """The directory in which a glob begins to search."""
    return Path(*takewhile(lambda part: not glob.has_magic(part), PurePath(pattern).parts))
