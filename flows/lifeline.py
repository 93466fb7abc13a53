"""Ends what this process started, however this process ends."""

import subprocess

_KEPT: "list[subprocess.Popen[bytes]]" = []
"""Their pipes close when this process is gone, and not before."""

# Reads until the pipe is closed at its other end, which the kernel does for a killed process, too.
_WATCH = 'read -r _; kill -s KILL -- "$0"'


def end_with_us(target: int) -> None:
    """Has a process killed as soon as this one is gone, by a signal that cannot be caught as well.

    A shell of a few hundred kB waits for that. (Linux could do it alone, but tells the death of the
    thread that began the process, which may be long over.)

    Args:
        target: a process id, or that of a process group with a minus.
    """
    _KEPT.append(
        subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C on the terminal is not for it
        )
    )
