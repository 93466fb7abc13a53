"""Passwords out of Prefect's Secret blocks."""

from prefect.blocks.system import Secret

from fer_core.errors import ConfigError


def read_secret(name: str) -> str:
    """The value of the Secret block of this name, as text.

    Raises:
        ConfigError: there is none.
    """
    try:
        block = Secret.load(name)
    except ValueError as error:
        raise ConfigError(
            f"no Prefect Secret block {name!r}; make one, or check its name"
        ) from error
    assert isinstance(block, Secret), "no asynchronous caller"
    return str(block.get())
