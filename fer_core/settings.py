"""How settings are written and read: sections checked by pydantic, YAML files, `key=value`."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fer_core.errors import ConfigError


class Section(BaseModel):
    """A part of the settings: immutable, and no key may be misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(timezone: str) -> str:
    try:
        ZoneInfo(timezone)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("expected an IANA name such as Europe/Berlin") from error
    return timezone


Timezone = Annotated[str, AfterValidator(_zone)]


_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """A number of seconds out of `60s`, `5m`, `1.5h` or `2d`; anything else as it is."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", value) if isinstance(value, str) else None
    return float(match[1]) * _UNITS_S[match[2]] if match else value


def _moment(value: object) -> object:
    """A date or time as text, also where YAML has read it as such."""
    text = value.isoformat() if isinstance(value, date) else value
    if isinstance(text, str):
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError("expected a date or time: 2026-11-01, 2026-11-01T22:00") from error
    return text


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0, allow_inf_nan=False)]
Moment = Annotated[str, BeforeValidator(_moment)]


S = TypeVar("S", bound=Section)


def load_config(model: type[S], file: Path | None = None, overrides: list[str] | None = None) -> S:
    """Settings from a YAML file and `key=value` overrides, in that order.

    Args:
        model: the settings' class, such as `ProcessConfig`.
        file: YAML file with any part of the settings, or None.
        overrides: dotted `key=value` pairs; values are read as YAML.

    Raises:
        ConfigError: the file cannot be read, or a key or value does not fit.

    Example:
        >>> load_config(ProcessConfig, overrides=["sample.fps=2"]).sample.fps
        2.0
    """
    values = _read_yaml(file) if file else {}
    for override in overrides or []:
        _set(values, override)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error


def dump_config(config: Section) -> str:
    """The settings as YAML, as `load_config` reads them."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


class _OnceLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[object] = []
        for key, _ in node.value:
            if key.value in seen:
                found = f"{key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(problem=found, problem_mark=key.start_mark)
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """What YAML says. A key that stands twice is an error: the first would not count.

    Raises:
        yaml.YAMLError: it is not valid.
    """
    return yaml.load(text, _OnceLoader)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = parse_yaml(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read settings from {file}: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: expected `key: value` lines, got {type(values).__name__}")
    return values


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"expected key=value, got {override!r} (example: sample.fps=2)")
    *parents, last = key.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{key}: {parent} has no settings below it")
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError:
        values[last] = text  # such as a regular expression that begins with a bracket


def _explain(error: ValidationError) -> str:
    lines = (
        f"{'.'.join(map(_plain, item['loc']))}: {item['msg']}, got {item['input']!r}"
        for item in error.errors()
    )
    return "unusable settings: " + "; ".join(lines).replace(".: ", ": ")


def _plain(part: int | str) -> str:
    """A key as the user wrote it: pydantic adds the branch of a union that it tried."""
    return "" if str(part).startswith(("constrained-", "literal[")) else str(part)
