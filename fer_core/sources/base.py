"""What every source of frames is: files here, streams and webcams later."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fer_core.types import Frame, VideoInfo


@dataclass(slots=True)
class SourceStats:
    """What a source has done so far; it counts on while its frames are read.

    Args:
        frames_decoded: pictures that left the decoder, sampled or not.
        frames_sampled: frames that were handed out.
        frames_corrupt: packets the decoder refused and pictures it marked as damaged.
        media_time_s: seconds of media from the video's start to the newest picture.
        damage: the first thing that went wrong, in words; None if nothing did.
    """

    frames_decoded: int = 0
    frames_sampled: int = 0
    frames_corrupt: int = 0
    media_time_s: float = 0.0
    damage: str | None = None


class FrameSource(Protocol):
    """An opened source. Frames come in order of pts, each once."""

    @property
    def info(self) -> VideoInfo: ...

    @property
    def stats(self) -> SourceStats: ...

    def frames(self) -> Iterator[Frame]:
        """The sampled frames. Damage within the stream is counted, not raised."""
        ...

    def close(self) -> None: ...
