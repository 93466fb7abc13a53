"""What CAMERA means on a command line: a name, an RTSP URL, or a webcam. Passwords stay here.

A URL is a `SecretStr` from the moment it is read, so no repr, log or traceback shows it; what
is said about a camera is said by its name.
"""

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationError

from fer_core.errors import ConfigError, InputError
from fer_core.resources import resource_dir
from fer_core.settings import Section, parse_yaml

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_SCHEMES = ("rtsp", "rtsps")
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_HOST = re.compile(
    r"\[[0-9A-Fa-f:.%]+\](:\d+)?"  # [fe80::1]:554
    r"|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?"  # 10.0.0.5, door.lan:554
    r"|[A-Za-z0-9-]+:\d+|localhost"
)
"""What is a host beyond doubt; `camera` alone is one as well, but might be part of a password."""

_HIDDEN = "***"
_LONG = 8
_OURS = {"streams", "records", "videos", "annotated"}
"""Names of directories that an archive or dataset has beside its cameras."""

CameraName = Annotated[str, Field(pattern=rf"^{NAME}$")]
Lookup = Callable[[str], str]
"""From the name of a secret to its value; raises ConfigError where there is none."""


class CameraConfig(Section):
    """How one camera is reached.

    Args:
        url: `rtsp://`, `rtsps://`, or a webcam (`0`, `/dev/video0`). `${NAME}` is taken from the
            environment, `${prefect:NAME}` from Prefect's Secret block of that name; what is
            put in is percent-encoded, so a password may hold any character, unless it is the
            whole URL.
        transport: how the pictures travel; a camera that refuses tcp is told udp here.
        open_s: seconds for a connection to be made.
        stall_s: seconds without a frame after which the connection is made anew.
        retry_first_s, retry_most_s: the wait before the next attempt, which doubles up to the
            latter; a random part is left off, so that cameras do not come back in step.
        attempts: how many times in a row it may fail; None is without limit.
        clock: "auto" takes the wall clock of the sender's reports where there are any and
            they are not off by more than a minute; "arrival" never does.
    """

    url: SecretStr
    transport: Literal["tcp", "udp"] = "tcp"
    open_s: PositiveFloat = 10.0
    stall_s: PositiveFloat = 10.0
    retry_first_s: PositiveFloat = 1.0
    retry_most_s: float = Field(default=60.0, gt=0, le=3600)
    attempts: PositiveInt | None = None
    clock: Literal["auto", "arrival"] = "auto"


class CamerasConfig(Section):
    """`configs/cameras.yaml`: cameras by name."""

    cameras: dict[CameraName, CameraConfig] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, ready to be opened.

    Args:
        name: under which records, files and messages know it.
        url: with everything filled in; an absolute path for a webcam.
        config: how it is reached.
        secrets: texts that may not be seen, longest first.
    """

    name: str
    url: SecretStr
    config: CameraConfig
    secrets: tuple[SecretStr, ...] = ()

    @property
    def is_webcam(self) -> bool:
        return self.url.get_secret_value().startswith("/dev/")

    def redact(self, text: str) -> str:
        """The text with URL and password, however they are written, made unreadable."""
        for secret in self.secrets:
            text = text.replace(secret.get_secret_value(), _HIDDEN)
        return text


def find_cameras(
    names: Sequence[str], file: Path | None = None, lookup: Lookup | None = None
) -> list[Camera]:
    """The cameras that a command line names, each once.

    Args:
        names: names from the file, `rtsp://` or `rtsps://` URLs, webcams.
        file: settings of cameras; None takes `configs/cameras.yaml` of the working directory,
            else the one that comes with the package.
        lookup: finds Prefect's secrets.

    Raises:
        InputError: nothing is named, or something unknown, or twice.
        ConfigError: the file cannot be used, or a secret is missing.
    """
    if not names:
        raise InputError("expected at least one CAMERA: a name, an rtsp:// URL, or a webcam")
    known: dict[str, CameraConfig] = {}
    if file or not all(_is_direct(name) for name in names):
        file = file or _default_file()
        known = read_cameras(file).cameras
    cameras = [_find(text, known, file, lookup) for text in names]
    seen: set[str] = set()
    for camera in cameras:
        if camera.name in seen:
            raise InputError(f"camera {camera.name} is named twice")
        seen.add(camera.name)
    return cameras


def only_names(cameras: Sequence[str]) -> list[str]:
    """The names, where URLs may not be given because what is given is kept and shown.

    Raises:
        InputError: something is no name. It is not repeated, as it may hold a password.
    """
    if not all(re.fullmatch(NAME, name) and not _is_direct(name) for name in cameras):
        raise InputError("expected names of cameras in cameras.yaml; URLs may hold passwords")
    return list(cameras)


def read_cameras(file: Path) -> CamerasConfig:
    """The settings in a file. What is wrong is told without its value, which may be a password.

    Raises:
        ConfigError: the file cannot be read, or a key or value does not fit.
    """
    try:
        values = parse_yaml(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read cameras from {file}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{file}: no valid YAML, or a key twice{place}") from None
    try:
        config = CamerasConfig.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        lines = [f"{'.'.join(map(_key, fault['loc']))}: {fault['msg']}" for fault in faults]
    else:
        if reserved := [name for name in config.cameras if name in _OURS or _is_direct(name)]:
            raise ConfigError(f"{file}: no camera may be called {', '.join(reserved)}")
        return config
    raise ConfigError(f"{file}: unusable cameras: {'; '.join(lines)}")


def _key(part: object) -> str:
    """A key of the file in words; one that might be a URL is not repeated."""
    return str(part) if re.fullmatch(rf"{NAME}|\[key\]", str(part)) else "(no name)"


def _default_file() -> Path:
    here = Path("configs/cameras.yaml")
    return here if here.is_file() else resource_dir("configs") / "cameras.yaml"


def _is_direct(text: str) -> bool:
    return text.isdecimal() or text.startswith("/dev/") or "://" in text


def _find(
    text: str, known: dict[str, CameraConfig], file: Path | None, lookup: Lookup | None
) -> Camera:
    if _is_direct(text):
        return _camera(None, CameraConfig(url=SecretStr(text)), text, lookup)
    if text not in known:
        names = ", ".join(known) or "none"
        camera = f"no camera {text!r}" if re.fullmatch(NAME, text) else "what is given is no camera"
        raise InputError(  # a URL with a slip in it holds a password as well
            f"{camera} in {file} (there: {names}); expected a name from there, "
            "an rtsp:// or rtsps:// URL, or a webcam (0, /dev/video0)"
        )
    return _camera(text, known[text], known[text].url.get_secret_value(), lookup)


def _camera(name: str | None, config: CameraConfig, template: str, lookup: Lookup | None) -> Camera:
    filled, values = fill(template, lookup)
    device = f"/dev/video{filled}" if filled.isdecimal() else filled
    if device.startswith("/dev/"):
        name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", device.removeprefix("/dev/")).lstrip(".-")
        return Camera(name or "dev", SecretStr(device), config)
    scheme, separator, rest = filled.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        got = f"{scheme}://" if separator and scheme.isalnum() else "something else"
        raise InputError(
            f"camera {name or '(a URL)'}: expected rtsp://, rtsps:// or a webcam "
            f"(0, /dev/video0), got {got}"
        )
    user, password, place = split_credentials(rest)
    if place[:1] in ("", *"/?#:"):
        raise InputError(f"camera {name or '(a URL)'}: expected {scheme}://HOST/…, got no host")
    login = ":".join(quote(part, safe="") for part in (user, password) if part is not None)
    url = f"{scheme.lower()}://{login}@{place}" if login else f"{scheme.lower()}://{place}"
    secrets = {filled, url, *values, *(quote(value, safe="") for value in values)}
    if password:
        typed = rest.removesuffix(place).removesuffix("@").partition(":")[2]
        secrets |= {password, quote(password, safe=""), quote(password), typed}
    path = place.partition("/")[2]
    if len(path) >= _LONG:  # those of some makers hold the password, or are one
        secrets.add(path)
    hidden = tuple(map(SecretStr, sorted(filter(None, secrets), key=len, reverse=True)))
    return Camera(name or _name_of(place), SecretStr(url), config, hidden)


def fill(template: str, lookup: Lookup | None = None) -> tuple[str, list[str]]:
    """A template with its placeholders filled in, percent-encoded, and the bare values.

    Raises:
        ConfigError: a value is missing.

    A value that is the whole template is a URL, and left as it is.

    Example:
        >>> os.environ["DOOR"] = "p@ss/w%rd"
        >>> fill("rtsp://me:${DOOR}@door/1")[0]
        'rtsp://me:p%40ss%2Fw%25rd@door/1'
    """
    values: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        values.append(_secret(match.group(1), lookup))
        return values[-1] if match.group() == template else quote(values[-1], safe="")

    return _PLACEHOLDER.sub(value_of, template), values


def _secret(name: str, lookup: Lookup | None) -> str:
    if name.startswith("prefect:"):
        if lookup is None:
            raise ConfigError(f"${{{name}}}: no Prefect here to ask for this secret")
        return lookup(name.removeprefix("prefect:"))
    if name not in os.environ:
        raise ConfigError(f"${{{name}}} in a camera's url: no such environment variable; set it")
    return os.environ[name]


def split_credentials(rest: str) -> tuple[str | None, str | None, str]:
    """User and password (decoded) and the place, of what stands behind `rtsp://`.

    A password that was not percent-encoded may hold `/`, `@`, `?` or `%`: where what stands
    before the first `/` does not end in a host, the last `@` before one counts.

    Example:
        >>> split_credentials("me:a/b@c@door.lan:554/1")
        ('me', 'a/b@c', 'door.lan:554/1')
    """
    authority = re.split(r"[/?#]", rest)[0]
    login, at, host = authority.rpartition("@")
    if not _HOST.fullmatch(host):
        bold, sign, place = rest.rpartition("@")
        if sign and _HOST.fullmatch(re.split(r"[/?#]", place)[0]):
            login, at = bold, sign
    if not at:
        return None, None, rest
    user, colon, password = login.partition(":")
    return unquote(user), unquote(password) if colon else None, rest[len(login) + 1 :]


def _name_of(place: str) -> str:
    """A name for a URL without one. The path may be a secret, so only its hash is told.

    So may what looks like the host be, where an `@` follows: it might stand in a password.
    """
    host = "" if "@" in place else re.split(r"[/?#]", place)[0]
    told = re.sub(r"[^A-Za-z0-9.]+", "-", host)[:48].strip("-.")
    return f"{told or 'camera'}-{hashlib.sha256(place.encode()).hexdigest()[:6]}"
