"""Which videos a command line means: files, directories and globs to `VideoRef`s."""

import glob
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path, PurePath

from fer_core.config import VIDEO_EXTENSIONS
from fer_core.errors import InputError
from fer_core.paths import printable, to_path
from fer_core.types import VideoRef

logger = logging.getLogger(__name__)


def find_videos(inputs: Sequence[str], out: Path) -> list[VideoRef]:
    """The videos that INPUT names, each once, in a stable order.

    A directory is searched to its depths for known extensions, leaving out hidden names and
    `out` itself. A glob (`**` too) takes known extensions and the one it spells out. A file
    that is named outright is taken whatever it is called. Links are followed; a file that is
    reached in several ways is taken once.

    `relative` is the path below the directory that was searched, or the bare name of a file
    that was named outright; two videos may have the same.

    Args:
        inputs: paths, globs or `file://` URIs.
        out: the output directory, whether it exists or not.

    Raises:
        InputError: a path does not exist or cannot be read, or there is no video at all.

    Example:
        >>> find_videos(["holiday/"], Path("out"))[0].relative  # doctest: +SKIP
        PurePosixPath('day1/beach.mp4')
    """
    search = _Search(Path(os.path.realpath(out)))
    videos = [video for text in inputs for video in search.videos(text)]
    if not videos:
        raise InputError(
            f"no video found in {', '.join(map(printable, inputs)) or 'no INPUT'}: looked for "
            f"{' '.join(VIDEO_EXTENSIONS)} (a file named outright is tried whatever its extension)"
        )
    return videos


class _Search:
    """One search over all INPUT, which remembers what it has seen."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._files: set[str] = set()
        self._directories: set[str] = set()

    def videos(self, text: str) -> Iterator[VideoRef]:
        """The videos of one INPUT that no earlier one had."""
        path = to_path(text)
        try:
            mode = path.stat().st_mode if text else 0
        except (OSError, ValueError) as error:
            if not glob.has_magic(text):
                reason = getattr(error, "strerror", None) or error
                raise InputError(f"cannot read {printable(text)}: {reason}") from error
            yield from self._glob(text)
            return
        if stat.S_ISDIR(mode):
            yield from self._directory(_absolute(path))
        elif stat.S_ISREG(mode):
            yield from self._file(_absolute(path), PurePath(path.name))
        else:
            raise InputError(f"{printable(text) or 'an empty INPUT'}: no file and no directory")

    def _glob(self, pattern: str) -> Iterator[VideoRef]:
        matches = sorted(Path(match) for match in glob.iglob(pattern, recursive=True))
        if not matches:
            raise InputError(f"nothing matches {printable(pattern)}")
        root, spelt = _absolute(_fixed_part(pattern)), PurePath(pattern).suffix.lower()
        forbidden = self._forbidden(root)
        for path in map(_absolute, matches):
            if forbidden and Path(os.path.realpath(path)).is_relative_to(forbidden):
                continue
            if path.is_dir():
                yield from self._directory(path, root)
            elif path.is_file() and path.suffix.lower() in (*VIDEO_EXTENSIONS, spelt):
                yield from self._file(path, path.relative_to(root))

    def _directory(self, directory: Path, root: Path | None = None) -> Iterator[VideoRef]:
        for path in sorted(self._walk(directory)):
            yield from self._file(path, path.relative_to(root or directory))

    def _walk(self, top: Path) -> Iterator[Path]:
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
            for entry in _entries(directory, required=directory == top):
                if entry.is_dir():
                    (linked if entry.is_symlink() else waiting).append(Path(entry.path))
                elif entry.name.lower().endswith(tuple(VIDEO_EXTENSIONS)) and entry.is_file():
                    yield Path(entry.path)

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


def _entries(directory: Path, required: bool) -> list[os.DirEntry[str]]:
    """What lies in a directory, without hidden names, in order."""
    try:
        with os.scandir(directory) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        message = f"cannot look into {printable(directory)}: {error.strerror}"
        if required:
            raise InputError(message) from error
        logger.warning(message)
        return []
    return sorted(visible, key=lambda entry: entry.name)


def _absolute(path: Path) -> Path:
    """`path` from the root; links are resolved only where `..` leaves no other way."""
    return Path(os.path.realpath(path)) if ".." in path.parts else path.absolute()


def _fixed_part(pattern: str) -> Path:
    """The directory in which a glob begins to search."""
    return Path(*takewhile(lambda part: not glob.has_magic(part), PurePath(pattern).parts))
