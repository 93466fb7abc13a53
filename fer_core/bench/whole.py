"""The whole benchmark: its videos, and all that is measured on them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fer_core.bench import clips
from fer_core.bench.clips import Clip
from fer_core.bench.job import Job
from fer_core.bench.suite import Case, Say, video_cases

SMALL, HD, UHD = "640×360, one face", "1080p, one face", "4K, one face"
SEVERAL = "1080p, five faces"
AT_ONCE, FACES, BATCHES = "videos at once", "faces a frame", "pictures a batch"
LONG, MEMORY, FILES = "one hour", "8 videos in fer process", "many small files"
VIDEOS = (SMALL, HD, UHD, SEVERAL)

_SPARSE = ("sample.fps=5", "render.enabled=false")
_ALL = ("sample.fps=all", "render.enabled=false")


@dataclass(frozen=True, slots=True)
class Length:
    """How long the videos are.

    Args:
        frames: of most of them.
        frames_4k: of the one in 4K.
        long_s: seconds of the long one.
    """

    frames: int = 472
    frames_4k: int = 120
    long_s: float = 3600.0


QUICK = Length(96, 24, 120.0)


def cases(face: Path | None, cache: Path, length: Length, say: Say) -> list[Case]:
    """Everything, in the order of the tables; makes the videos that are not there yet.

    Args:
        face: a video with one face in every frame; None draws one.
        cache: directory that keeps the videos.
        length: how long they are.
        say: is told what is being made.

    Raises:
        FerError: videos have to be drawn, and scikit-image is not installed.
    """
    videos = _Videos(cache / f"clips-{length.frames}", say)
    face = face or clips.sample_face(videos.directory)
    small = videos.scaled(SMALL, face, (640, 360), 2 * length.frames)
    hd = videos.scaled(HD, face, (1920, 1080), length.frames)
    uhd = videos.scaled(UHD, face, (3840, 2160), length.frames_4k)
    grids = {n: videos.grid(f"{n} faces", n, length.frames // 2) for n in (1, 5, 25)}
    several = Clip.of(grids[5].path, SEVERAL)
    long = videos.make(
        LONG, f"long-{_name(face)}", lambda out: clips.loop(small.path, out, length.long_s)
    )
    tiny = videos.scaled("tiny", face, (320, 180), 24)
    return [
        *(case for clip in (small, hd, uhd, several) for case in video_cases(clip)),
        *(Case.of(AT_ONCE, str(n), "pipeline", [hd] * n, _SPARSE) for n in (1, 2, 4, 8)),
        *(Case.of(FACES, str(n), "pipeline", [clip], _ALL) for n, clip in grids.items()),
        Case(BATCHES, "both networks", Job("networks")),
        Case.of(MEMORY, "5 a second", "command", [hd] * 8, (*_SPARSE, "workers=8")),
        _once(Case.of(LONG, "5 a second", "pipeline", [long], _SPARSE)),
        _once(Case(FILES, "deciding", Job("decide", (str(tiny.path),)))),
        _once(
            Case(FILES, "orchestration", Job("orchestrate", (str(tiny.path),), _SPARSE)),
        ),
    ]


def _name(face: Path) -> str:
    """Of the clips that are made of a video: another video of the same name gets its own."""
    with face.open("rb") as content:
        return f"{face.stem}-{hashlib.file_digest(content, 'sha256').hexdigest()[:8]}"


def _once(case: Case) -> Case:
    return replace(case, once=True)


class _Videos:
    """Videos in a directory; each is made once.

    Args:
        directory: where they are kept.
        say: is told before one is made.
    """

    def __init__(self, directory: Path, say: Say) -> None:
        self.directory = directory
        self._say = say

    def make(self, title: str, name: str, draw: Callable[[Path], Path]) -> Clip:
        path = self.directory / f"{name}.mp4"
        if not path.exists():
            self._say(f"making {path.name}")
            draw(path)
        return Clip.of(path, title)

    def scaled(self, title: str, face: Path, size: tuple[int, int], frames: int) -> Clip:
        name = f"{_name(face)}-{size[1]}"
        return self.make(title, name, lambda out: clips.scale(face, out, size, frames))

    def grid(self, title: str, faces: int, frames: int) -> Clip:
        return self.make(title, f"grid-{faces}", lambda out: clips.grid(out, faces, frames))
