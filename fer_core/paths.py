"""Paths as text. File names are bytes on Linux; records, logs and JSON hold Unicode."""

import os
from pathlib import Path, PurePath
from urllib.parse import quote_from_bytes, unquote_to_bytes

from fer_core.errors import InputError
from fer_core.s3 import S3Path

_FILE_URI = "file://"


def make_writable(path: Path) -> None:
    """Makes a directory for results, and looks whether files can be written into it.

    Raises:
        InputError: they cannot.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {printable(path)}: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"cannot write to {printable(path)}: no permission")


def to_path(text: str) -> Path:
    """The path that `text` names, which may be a `file://` or an `s3://` URI."""
    if text.startswith("s3:/"):  # a `Path` of it has lost a slash
        return S3Path(text)
    if text.startswith(_FILE_URI):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE_URI))))
    return Path(text)


def to_text(path: str | Path) -> str:
    """`path` as valid Unicode that `to_path` reads back: itself, or a `file://` URI.

    File names are bytes on Linux, and those that are no UTF-8 cannot be sent or stored as text.

    Example:
        >>> to_text("a.mp4"), to_text("/cam/\\udcff.mp4")
        ('a.mp4', 'file:///cam/%FF.mp4')
    """
    text = str(path)
    if text.isascii() or printable(text) == text:
        return text
    return _FILE_URI + quote_from_bytes(os.fsencode(os.path.abspath(text)))


def printable(path: str | PurePath) -> str:
    r"""`path` for people: bytes that are no UTF-8 become `\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def absolute_path(path: Path) -> Path:
    """`path` from the root; links are resolved only where `..` leaves no other way."""
    return Path(os.path.realpath(path)) if ".." in path.parts else path.absolute()
