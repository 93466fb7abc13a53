"""Locks on an output directory, so that no two commands undo each other's work.

`RUN` is held by what writes or removes rows of `videos/`: `fer process` and `fer forget`.
`COMPACT` is held by what merges or removes part files: `fer compact` and `fer forget`. `fer tail`
takes neither: it only adds parts of its own names, beside both. It and `fer capture` hold a lock of
their own a camera (`fer_core.streams.claim`).

The operating system holds a lock for its process, however that ends. The file is removed at the
end; one that a killed process left holds nobody up.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from fer_core.errors import InUse
from fer_core.paths import printable

RUN = ".run.lock"
COMPACT = ".compact.lock"


@contextmanager
def alone(out: Path, name: str) -> Iterator[None]:
    """Holds a lock of an output directory.

    Args:
        out: the directory, which exists.
        name: `RUN` or `COMPACT`.

    Raises:
        InUse: another process, or another thread of this one, holds it; says which.

    Example:
        >>> with alone(Path("out"), RUN):  # doctest: +SKIP
        ...     ...  # write
    """
    path = out / name
    with ExitStack() as held:
        try:
            held.enter_context(hold(path))
        except Timeout:
            raise InUse(f"{printable(out)} is in use{_holder(path)}") from None
        path.write_text(json.dumps(_self()), encoding="utf-8")
        yield


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Holds a file as a lock, without a word about who does.

    Raises:
        filelock.Timeout: another process, or another thread of this one, holds it.
        OSError: it cannot be written.
    """
    # Not the library's substitute where a file system has no locks: it outlives its process.
    lock = FileLock(path, blocking=False, is_singleton=False, fallback_to_soft=False)
    lock.acquire()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held, so that nobody's new file goes
        lock.release()


def _self() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": printable(" ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])),
    }


def _holder(path: Path) -> str:
    """Who holds a lock, in words; nothing if it has not said so yet, or has just ended."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return " by process {pid} on {host} since {since}: {command}".format(**holder)
