"""Objects in S3 as paths: what is read is streamed in ranges, what is written appears whole.

Credentials, region and endpoint are those of the usual variables of the environment
(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` …).
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from fer_core.ranges import RangedReader

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

_SCHEME = "s3:"
_CONNECT_S = 10.0
_REQUEST_S = 60.0
_logger = logging.getLogger(__name__)


class S3Path(type(Path())):
    """The path of an object, or of all those below a prefix: `s3://bucket/key`.

    What is asked of it that is not said here (making directories, links) it does not know.

    Example:
        >>> S3Path("s3://archive/door") / "monday.mp4"
        S3Path('s3://archive/door/monday.mp4')
    """

    _known: os.stat_result | None = None

    def __str__(self) -> str:
        if self.parts[:1] != (_SCHEME,):  # what lies below a prefix
            return super().__str__()
        return f"{_SCHEME}//{self.key}"

    def __fspath__(self) -> str:
        return str(self)

    def as_posix(self) -> str:
        return str(self)

    @property
    def key(self) -> str:
        """Bucket and key, as Arrow's file system names an object."""
        return "/".join(self.parts[1:])

    def absolute(self) -> S3Path:
        return self

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Kind, size and time of change, as the listing had it in which it was found.

        Raises:
            FileNotFoundError: there is no such object.
            OSError: it cannot be reached.
        """
        if self._known is None:
            with _explained(self):
                return _stat_of(file_system().get_file_info(self.key), self)
        return self._known

    def open(self, *_: Any, **__: Any) -> BinaryIO:  # type: ignore[override]
        """The object for reading, in ranges of what is asked for.

        Raises:
            as `stat`.
        """
        size = self.stat().st_size
        with _explained(self):
            source = file_system().open_input_file(self.key)

        def fetch(start: int, length: int) -> bytes:
            _logger.debug("%s: bytes %d to %d", self, start, start + length)
            with _explained(self):
                return source.read_at(length, start)

        return cast(BinaryIO, RangedReader(fetch, size, str(self)))

    def read_bytes(self) -> bytes:
        with _explained(self), file_system().open_input_stream(self.key) as stream:
            return stream.read()

    def unlink(self, missing_ok: bool = False) -> None:
        try:
            with _explained(self):
                file_system().delete_file(self.key)
        except FileNotFoundError:
            if not missing_ok:
                raise


def arrow_place(path: Path) -> tuple[str, FileSystem | None]:
    """A path as Arrow's functions take it: its name, and the file system if it is in S3."""
    return (path.key, file_system()) if isinstance(path, S3Path) else (str(path), None)


def objects_below(top: S3Path) -> list[S3Path]:
    """All objects below a prefix, in order; none where there is nothing.

    Raises:
        OSError: the bucket does not exist, or cannot be listed.
    """
    from pyarrow.fs import FileSelector, FileType

    try:
        with _explained(top):
            infos = file_system().get_file_info(FileSelector(top.key, recursive=True))
    except FileNotFoundError:
        return []
    found: list[S3Path] = []
    for info in infos:
        if info.type is FileType.File:
            path = S3Path(f"{_SCHEME}//{info.path}")
            path._known = _stat_of(info, path)
            found.append(path)
    return sorted(found)


def download(path: S3Path, local: Path) -> None:
    """Copies an object to a file that does not appear before it is whole; it gets its time."""
    from fer_core.atomic import atomic_file

    changed = path.stat().st_mtime_ns
    with atomic_file(local) as temporary:
        temporary.write_bytes(path.read_bytes())
        os.utime(temporary, ns=(changed, changed))


def upload(local: Path, path: S3Path) -> None:
    """Copies a file to an object, which appears, or is replaced, when all of it is there.

    Raises:
        OSError: the bucket does not exist, or cannot be written to.
    """
    from pyarrow.fs import LocalFileSystem, copy_files

    with _explained(path):
        copy_files(
            str(local),
            path.key,
            source_filesystem=LocalFileSystem(),
            destination_filesystem=file_system(),
            use_threads=False,
        )
        there = file_system().get_file_info(path.key).size
    if there != local.stat().st_size:  # a disk failed meanwhile
        path.unlink(missing_ok=True)
        raise OSError(None, f"only {there} of {local.stat().st_size} bytes arrived", str(path))


def file_system() -> FileSystem:
    """Arrow's file system for what the environment says now."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return _file_system(endpoint, os.environ.get("AWS_ACCESS_KEY_ID"))


@cache
def _file_system(endpoint: str | None, _identity: str | None) -> FileSystem:
    from pyarrow.fs import S3FileSystem

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        connect_timeout=_CONNECT_S,
        request_timeout=_REQUEST_S,
    )


def _stat_of(info: FileInfo, path: S3Path) -> os.stat_result:
    from pyarrow.fs import FileType

    if info.type is FileType.NotFound:
        raise FileNotFoundError(2, "no such object", str(path))
    is_file = info.type is FileType.File
    mode = stat.S_IFREG if is_file else stat.S_IFDIR
    changed_ns = info.mtime_ns or 0
    seconds = changed_ns // 1_000_000_000
    values = (mode, 0, 0, 1, 0, 0, info.size or 0, seconds, seconds, seconds)
    return os.stat_result(values, {"st_mtime_ns": changed_ns, "st_mtime": changed_ns / 1e9})


_REASONS = {
    "NO_SUCH_BUCKET": "there is no such bucket",
    "ACCESS_DENIED": "access is denied; see AWS_ACCESS_KEY_ID and what its policy allows",
    "SIGNATURE_DOES_NOT_MATCH": "the secret does not fit the key; see AWS_SECRET_ACCESS_KEY",
    "INVALID_ACCESS_KEY_ID": "the access key is unknown; see AWS_ACCESS_KEY_ID",
    "NETWORK_CONNECTION": "the server cannot be reached; see AWS_ENDPOINT_URL",
}


@contextmanager
def _explained(path: S3Path) -> Iterator[None]:
    """Says in few words what Arrow says in many; never a credential."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(2, "no such object", str(path)) from error
    except OSError as error:
        said = str(error)
        known = next((words for code, words in _REASONS.items() if code in said), said)
        raise OSError(None, known, str(path)) from error
