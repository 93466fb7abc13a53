"""What every source of frames is: files here, streams and webcams later."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fer_core.types import Frame, VideoInfo


@dataclass(slots=True)
class SourceStats:
    """What a source has done so far; it counts on while its frames are read.

    Args:
        frames_decoded: pictures that left the decoder, sampled or not; what was left out of
            decoding is not among them, and damage in it is not seen.
        frames_sampled: frames that were handed out.
        frames_corrupt: packets that could not be read or decoded, pictures that the decoder
            marked as damaged, and those left out because their time stamp does not rise.
        media_time_s: seconds of media from the video's start to the newest picture.
        damage: the first thing that went wrong, in words, led by where the file ends if it is
            cut off; None if nothing went wrong. A cut file may have no corrupt frame at all.
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
