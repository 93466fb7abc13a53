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
        first_damage: the first thing that went wrong, in words; None if nothing did.
        ends_early: where the file ends, if it is cut off. It may have no corrupt frame at all.
    """

    frames_decoded: int = 0
    frames_sampled: int = 0
    frames_corrupt: int = 0
    media_time_s: float = 0.0
    first_damage: str | None = None
    ends_early: str | None = None

    @property
    def damage(self) -> str | None:
        """All that is known of damage, led by a missing end, as that explains the most."""
        if self.ends_early and self.first_damage:
            return f"{self.ends_early}; first damage: {self.first_damage}"
        return self.ends_early or self.first_damage


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
