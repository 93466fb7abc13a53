"""Passwords out of Prefect's Secret blocks."""

from collections.abc import Iterator
from contextlib import contextmanager

from fer_core.errors import ConfigError
from flows.server import Server, keep_quiet


def read_secret(name: str) -> str:
    """The value of the Secret block of this name, as text.

    Raises:
        ConfigError: there is none.
    """
    from prefect.blocks.system import Secret

    try:
        block = Secret.load(name)
    except ValueError as error:
        raise ConfigError(
            f"no Prefect Secret block {name!r}; make one, or check its name"
        ) from error
    assert isinstance(block, Secret), "no asynchronous caller"
    return str(block.get())


@contextmanager
def serving() -> Iterator[None]:
    """Where no Prefect server is configured, an embedded one while the block runs; quietly."""
    keep_quiet()
    server = Server()
    server.start()
    try:
        server.wait()
        yield
    finally:
        server.kill()
