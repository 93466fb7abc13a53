"""Unfinished segments, as a kill or a full disk leaves them, made into whole ones."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from fer_core.atomic import atomic_file
from fer_core.streams.segment import DAY, UNFINISHED, container_for, copies, free_path

log = logging.getLogger("fer_core.streams")


class _NoPictures(Exception):
    """There is not one picture in a file."""


def salvage(directory: Path) -> list[Path]:
    """Makes segments of what was left unfinished, as far as it can be read.

    Args:
        directory: of a camera of an archive, to which nobody is writing.

    Returns:
        The segments that were saved.

    Raises:
        OSError: they cannot be written; what was left stays for another time.
    """
    saved: list[Path] = []
    for unfinished in sorted(directory.glob("*/.*.open.*")):
        name = UNFINISHED.fullmatch(unfinished.name)
        if name is None or not DAY.fullmatch(unfinished.parent.name):
            continue
        text = f"{unfinished.parent.name} {name[1]}"
        path = free_path(directory, datetime.strptime(text, "%Y-%m-%d %H-%M-%SZ"), f".{name[2]}")
        try:
            with atomic_file(path) as temporary:
                _copy(unfinished, temporary)
        except _NoPictures:
            log.warning("%s: removed an unfinished segment without a picture", directory.name)
        else:
            saved.append(path)
            log.warning("%s: saved an unfinished segment as %s", directory.name, path)
        unfinished.unlink()
    return saved


def _copy(damaged: Path, path: Path) -> None:
    pictures = 0
    with _opened(damaged) as source:
        streams = (*source.streams.video, *source.streams.audio)
        with av.open(str(path), "w", container_for(streams)[1]) as target:
            target.metadata.update(source.metadata)
            made = copies(target, streams)
            for packet in _readable(source):
                if packet.stream_index in made:
                    pictures += packet.stream.type == "video"
                    packet.stream = made[packet.stream_index]
                    with suppress(ValueError):  # its time stamps do not rise
                        target.mux(packet)
            if not pictures:
                raise _NoPictures


def _opened(path: Path) -> InputContainer:
    try:
        return av.open(str(path))
    except (FFmpegError, ValueError) as error:
        raise _NoPictures from error


def _readable(container: InputContainer) -> Iterator[Packet]:
    """Packets up to the first that cannot be read: what a kill cuts off is the end."""
    packets = container.demux()
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError):
            return
        if packet.is_corrupt:  # the rest of it is missing
            return
        if packet.size and packet.dts is not None:
            yield packet
