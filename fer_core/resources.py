"""Where the shipped models and configurations lie, in a checkout as in an installed wheel.

A wheel carries `models/` and `configs/` inside the package; a checkout (or an editable
install) has them beside it.
"""

from pathlib import Path

from fer_core.errors import ModelError

_PACKAGE = Path(__file__).parent


def resource_dir(name: str) -> Path:
    """The directory `name` ("models" or "configs") of this installation."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def model_dir(name: str | Path) -> Path:
    """The directory of a published model, by its name or by its path.

    Raises:
        ModelError: there is no such directory with a `card.json` in it.
    """
    for candidate in (resource_dir("models") / name, Path(name)):
        if (candidate / "card.json").is_file():
            return candidate.absolute()
    known = sorted(card.parent.name for card in resource_dir("models").glob("*/card.json"))
    raise ModelError(
        f"no model {str(name)!r}: expected one of {', '.join(known)}, "
        "or the path of a directory with a card.json"
    )
