"""One process a camera and place: two would write files of the same names."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import Timeout

from fer_core.errors import InputError, InUse
from fer_core.locks import hold
from fer_core.paths import printable


@contextmanager
def claimed(places: Mapping[str, Path]) -> Iterator[None]:
    """Holds a lock for each camera while the block runs, and no longer than its process does.

    Unlike `fer_core.locks.alone` it does not tell who holds one: a command line may hold a
    password.

    Args:
        places: the lock's file by the camera's name; directories are made.

    Raises:
        InUse: another tail or capture holds one.
        InputError: it cannot be written.
    """
    with ExitStack() as held:
        for camera, path in places.items():
            place = printable(path.parent)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(hold(path))
            except Timeout:
                raise InUse(f"{place}: another process records {camera} here") from None
            except OSError as error:
                raise InputError(f"cannot write to {place}: {error.strerror}") from error
        yield
