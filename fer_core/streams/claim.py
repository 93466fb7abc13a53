"""One process a camera and place: two would write files of the same names."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from fer_core.errors import InputError


@contextmanager
def claimed(places: Mapping[str, Path]) -> Iterator[None]:
    """Holds a lock for each camera while the block runs, and no longer than its process does.

    Unlike those of `fer_core.locks` they do not tell who holds them: a command line may hold a
    password.

    Args:
        places: the lock's file by the camera's name; directories are made.

    Raises:
        InputError: another tail or capture holds one, or it cannot be written.
    """
    with ExitStack() as held:
        for camera, path in places.items():
            held.enter_context(_claim(camera, path))
        yield


def _claim(camera: str, path: Path) -> TextIO:
    directory = path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise InputError(f"cannot write to {directory}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(f"{directory}: another process records {camera} here") from None
    return file
