"""Every exception this library raises on purpose.

```
FerError
├── ConfigError           a setting is unknown, of the wrong type or out of range
├── InputError            the arguments name nothing that could be processed
├── InUse                 another process is at work on the same output directory
├── ModelError            weights or card are missing, damaged, or not what the card says
├── VideoError            one video cannot be analysed; the others go on
│   ├── UnreadableVideo   missing, empty, or no container FFmpeg knows
│   │   └── Inaccessible  the file system does not let us read it: not the file's own fault
│   ├── NoVideoStream     readable, but without pictures (audio only)
│   └── NoFrames          a video stream from which not one frame could be decoded
├── Uncuttable            a video cannot be read in chunks: it is read in one go
├── StreamError           a camera cannot be reached, or its stream ended; it is tried again
├── RenderError           an annotated video could not be written
├── WorkerCrashed         native code ended the worker process twice at the same work
├── ClusterError          workers on other machines cannot be reached, or cannot do the work
├── RecordsError          a directory is no dataset of this project, or of another version
├── QueryError            SQL that cannot be run, or that asks for more than reading
├── DatasetError          training data is missing, damaged, or lacks a class
└── TrainingError         a training run cannot start or go on
```

Messages say what was expected, what came, and what to do. The command line prints them as
one line; a `VideoError` becomes the `error` of that video's row in `videos/`.
"""


class FerError(Exception):
    """Base of all errors of this library: catch this to catch them all."""


class ConfigError(FerError):
    """A setting is unknown, of the wrong type, or out of range."""


class InputError(FerError):
    """The arguments name nothing that could be processed."""


class InUse(FerError):
    """Another process is at work on the same output directory."""


class ModelError(FerError):
    """A model's weights or card are missing, damaged, or do not fit together."""


class VideoError(FerError):
    """One video cannot be analysed; other videos are not concerned."""


class UnreadableVideo(VideoError):
    """The file is missing, empty, or in no known container."""


class Inaccessible(UnreadableVideo):
    """No permission, or the disk fails: what may heal without any change of the file."""


class NoVideoStream(VideoError):
    """The file can be read but holds no video stream."""


class NoFrames(VideoError):
    """There is a video stream, but not one frame of it could be decoded."""


class Uncuttable(FerError):
    """What chunks of a video hold might not be what reading it in one go gives."""


class StreamError(FerError):
    """A camera cannot be reached, or its stream ended or stalled: what may heal by itself.

    Args:
        kind: why, in a word or two, as `streams/` keeps it.
        message: the same in a sentence, without any URL.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class RenderError(FerError):
    """An annotated video could not be written."""


class WorkerCrashed(FerError):
    """Native code, a decoder most likely, ended the worker process twice at the same work.

    Args:
        exit_code: of the process; negative is the number of the signal that ended it.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        how = f"signal {-self.exit_code}" if self.exit_code < 0 else f"exit code {self.exit_code}"
        return f"native code (a decoder, say) crashed twice ({how}) at this work"


class ClusterError(FerError):
    """The cluster that a run is to use cannot be reached, has no workers, or unusable ones."""


class RecordsError(FerError):
    """A directory is not a dataset of this project, or of an unknown version."""


class QueryError(FerError):
    """SQL that cannot be run, or that asks for something else than reading."""


class DatasetError(FerError):
    """Training data is missing, damaged, or lacks a class."""


class TrainingError(FerError):
    """A training run cannot start or go on."""
