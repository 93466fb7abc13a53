"""Memory of a process that runs for months."""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE = 128 * 1024


def give_back_memory() -> None:
    """Makes glibc return large blocks to the system when they are freed; for a whole process.

    Every connection decodes in new threads. By itself glibc gives threads arenas of their own
    and keeps in each what was freed there, up to 32 MB a block: what a tail holds would rise
    with reconnects for hours before it is flat. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, 2)
