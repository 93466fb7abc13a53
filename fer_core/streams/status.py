"""How a camera is doing right now: what the terminal view and the local page show."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fer_core.streams.frames import LiveFrame
from fer_core.types import FrameFaces

_RATE_S = 5.0
_TIMELINE_S = 300

Probabilities = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest result of a camera.

    Args:
        live: the frame, with its pictures.
        faces: what was found in it.
        track_ids: (n,) int32.
    """

    live: LiveFrame
    faces: FrameFaces
    track_ids: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A camera at one moment.

    Args:
        camera: its name.
        state: "connecting", "live", "waiting", "stopped" or "failed".
        note: what happened last, in words.
        warning: what goes wrong on this machine, such as a full disk.
        people: faces in the newest frame.
        emotions: mean probabilities of those faces, in the order of `EMOTIONS`; empty without.
        frames_s, faces_s: a second, over the last seconds.
        delay_s: from the newest frame's arrival to its result.
        frames, faces, dropped, corrupt, reconnects: since the beginning.
        timeline: for each of the last seconds, its age, people and mean probabilities.
    """

    camera: str
    state: str = "connecting"
    note: str = ""
    warning: str = ""
    people: int = 0
    emotions: Probabilities = ()
    frames_s: float = 0.0
    faces_s: float = 0.0
    delay_s: float | None = None
    frames: int = 0
    faces: int = 0
    dropped: int = 0
    corrupt: int = 0
    reconnects: int = 0
    timeline: tuple[tuple[float, int, Probabilities], ...] = ()


@dataclass(slots=True)
class Status:
    """Gathers what a camera's threads report; any thread may ask for a snapshot."""

    camera: str
    _now: Snapshot = field(init=False)
    _newest: Seen | None = field(default=None, init=False)
    _recent: deque[tuple[float, int]] = field(default_factory=deque, init=False)
    _timeline: deque[tuple[float, int, Probabilities]] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._now = Snapshot(self.camera)
        self._timeline = deque(maxlen=_TIMELINE_S)

    def say(self, state: str, note: str = "") -> None:
        """The connection changed."""
        with self._lock:
            self._now = replace(self._now, state=state, note=note)

    def warn(self, warning: str) -> None:
        """Something goes wrong here; "" once it does no longer."""
        with self._lock:
            self._now = replace(self._now, warning=warning)

    def count(self, dropped: int = 0, corrupt: int = 0, reconnects: int = 0) -> None:
        """Adds to the counts."""
        with self._lock:
            now = self._now
            self._now = replace(
                now,
                dropped=now.dropped + dropped,
                corrupt=now.corrupt + corrupt,
                reconnects=now.reconnects + reconnects,
            )

    def saw(self, seen: Seen) -> None:
        """A frame is through."""
        moment, people = time.monotonic(), len(seen.faces.faces)
        means = tuple(seen.faces.probabilities.mean(axis=0).tolist()) if people else ()
        with self._lock:
            self._newest = seen
            self._recent.append((moment, people))
            self._forget(moment)
            if not self._timeline or moment - self._timeline[-1][0] >= 1:
                self._timeline.append((moment, people, means))
            self._now = replace(
                self._now,
                people=people,
                emotions=means,
                delay_s=moment - seen.live.arrived_s,
                frames=self._now.frames + 1,
                faces=self._now.faces + people,
            )

    def snapshot(self) -> Snapshot:
        """The camera now; people and delay only while it is live."""
        with self._lock:
            moment = time.monotonic()
            self._forget(moment)
            now = replace(
                self._now,
                frames_s=len(self._recent) / _RATE_S,
                faces_s=sum(people for _, people in self._recent) / _RATE_S,
                timeline=tuple((moment - at, n, means) for at, n, means in self._timeline),
            )
        if now.state == "live":
            return now
        return replace(now, people=0, emotions=(), delay_s=None)

    def _forget(self, moment: float) -> None:
        """Lets go of what is older than the rates look back; the lock is held."""
        while self._recent and moment - self._recent[0][0] > _RATE_S:
            self._recent.popleft()

    def newest(self) -> Seen | None:
        """The newest result with its picture."""
        with self._lock:
            return self._newest
