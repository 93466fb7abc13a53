"""Reading a distant file in ranges: few requests for what is read on, few bytes where it jumps."""

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable

_FIRST = 64 << 10
_MOST = 4 << 20


class RangedReader(io.RawIOBase):
    """A file of which only those parts are fetched that are read.

    While it is read on from where the last fetch ended, each fetch asks for twice as much, up to
    4 MiB; after a jump it begins at 64 KiB.

    Args:
        fetch: gives the bytes at (start, length).
        size: bytes of the whole.
        name: what it is called.

    Example:
        >>> data = bytes(range(256))
        >>> file = RangedReader(lambda start, length: data[start : start + length], 256)
        >>> file.seek(64), file.read(2)
        (64, b'@A')
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, name: str = "") -> None:
        self.name = name
        self._fetch, self._size = fetch, size
        self._position, self._start, self._held, self._window = 0, 0, b"", 0
        self._unread: list[tuple[int, int]] = []

    def leave_out(self, parts: Iterable[tuple[int, int]]) -> None:
        """Has parts of the file, each (start, end), read as zeros from now on.

        For what is read only because it lies in the way: nobody looks at it.
        """
        merged: list[tuple[int, int]] = []
        for start, end in sorted(parts):
            if merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((start, end))
        self._unread = merged

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        data = self._next(length)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _next(self, length: int) -> bytes:
        """At most so many bytes from the position on, at least one."""
        until = self._size
        index = bisect_right(self._unread, self._position, key=lambda part: part[0])
        if index and self._position < self._unread[index - 1][1]:
            return bytes(min(length, self._unread[index - 1][1] - self._position))
        if index < len(self._unread):
            until = self._unread[index][0]
        if not self._start <= self._position < self._start + len(self._held):
            self._fill(length, until)
        skip = self._position - self._start
        return self._held[skip : skip + min(length, until - self._position)]

    def _fill(self, length: int, until: int) -> None:
        is_next = self._held and self._position == self._start + len(self._held)
        self._window = min(2 * self._window, _MOST) if is_next else _FIRST
        wanted = min(max(length, self._window), until - self._position)
        self._start, self._held = self._position, self._fetch(self._position, wanted)
        if not self._held:
            raise OSError(
                None, "ends before its size; it was replaced while it was read", self.name
            )
