"""Files that appear only whole: written beside, synced, renamed."""

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary name to write to; it becomes `path` when the block ends without an error.

    The temporary file is hidden, lies in the same directory (a rename must not cross file
    systems) and keeps the suffix, from which writers tell the format. It is removed on any
    error, Ctrl-C included; after a kill, the next writer of the same file removes it. Several
    processes may write the same file at once: each has its own temporary, the last one stays.

    Example:
        >>> with atomic_file(Path("table.csv")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("a,b")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    key = f"{platform.node()}/{path.name}".encode("utf-8", "surrogateescape")
    prefix = "." + hashlib.sha256(key).hexdigest()[:16]
    _remove_orphans(path.parent, prefix)
    temporary = path.with_name(f"{prefix}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def _remove_orphans(directory: Path, prefix: str) -> None:
    """Temporary files whose writer, a process of this host, is no more."""
    for orphan in directory.glob(f"{prefix}.*.part*"):
        if not _is_alive(int(orphan.name.split(".")[2])):
            orphan.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        return True
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
