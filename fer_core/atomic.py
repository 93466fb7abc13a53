"""Files and directories that appear only whole: written beside, synced, renamed."""

import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary name to write to; it becomes `path` when the block ends without an error.

    The temporary file is hidden, lies in the same directory (a rename must not cross file
    systems) and keeps the suffix, from which writers tell the format. It is removed on any
    error, Ctrl-C included; after a kill, the next process of this host that writes into the same
    directory removes it. Several processes may write the same file at once: each has its own
    temporary, the last one stays.

    Example:
        >>> with atomic_file(Path("table.csv")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("a,b")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Once a directory, as listing one of 10,000 files takes longer than writing a small file.
    if path.parent not in _swept:
        _remove_orphans(path.parent)
        _swept.add(path.parent)
    temporary = path.with_name(f"{_host()}-{_digest(path.name)}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def publish(temporary: Path, path: Path) -> None:
    """Gives a written file its name, in the same directory, once its bytes are on the disk."""
    _sync(temporary)
    os.replace(temporary, path)
    _sync(path.parent)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """An empty directory of the same name to fill; it becomes `path` when the block ends well.

    What is at `path` is replaced as a whole, and left as it is on any error. A kill may leave a
    hidden directory beside it; one between the last two renames leaves the former in there.

    Example:
        >>> with atomic_directory(Path("models/mine")) as temporary:  # doctest: +SKIP
        ...     (temporary / "card.json").write_text("{}")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
        temporary = Path(scratch) / path.name
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rename(Path(scratch) / "former")
        temporary.rename(path)
        _sync(path.parent)


_swept: set[Path] = set()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _host() -> str:
    return f".{_digest(platform.node())[:8]}"


def remove_orphans(top: Path) -> None:
    """Removes what processes of this host that are no more left unfinished below a directory."""
    for directory, _, _ in os.walk(top):
        _remove_orphans(Path(directory))


def _remove_orphans(directory: Path) -> None:
    for orphan in directory.glob(f"{_host()}-*.part*"):
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
