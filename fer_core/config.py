"""Settings of an analysis, checked by pydantic; unknown keys are errors.

A YAML file holds any part of them (`configs/process.yaml` is commented), `--set key=value`
overrides one by its dotted name. `settings_hash` covers those that change records.
"""

import hashlib
import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from fer_core.settings import Moment, Seconds, Section, Timezone
from fer_core.smoothing import SMOOTH_S

VIDEO_EXTENSIONS = (
    ".mp4 .m4v .mov .mkv .avi .webm .gif .mpg .mpeg .ts .mts .m2ts .wmv .flv .3gp .ogv .dav"
).split()


class SampleConfig(Section):
    """Which frames are looked at.

    Args:
        fps: frames a second of media time on a grid from the video's start, or "all", or
            "keyframes".
        skip: "nonref" lets the decoder skip frames that no other frame refers to, so that a
            later one may be taken; with "none" it skips only those that are not taken anyway.
    """

    fps: Annotated[float, Field(gt=0, allow_inf_nan=False)] | Literal["all", "keyframes"] = 5.0
    skip: Literal["none", "nonref"] = "none"


HardwareDecoder = Literal["auto", "none", "cuda"]


class DecodeConfig(Section):
    """Where videos are decoded.

    Args:
        hwaccel: "auto" decodes on an NVIDIA graphics card where there is one, "cuda" as well, and
            says so where it cannot; "none" stays in software.
    """

    hwaccel: HardwareDecoder = "auto"


class DetectConfig(Section):
    """How faces are found.

    Args:
        model: name of a directory under `models/`.
        long_side: the frame is shrunk so that its longer side has this many pixels.
        min_score: faces below this score are left out (0–1).
        nms_iou: of two boxes that overlap more than this, the better one stays (0–1).
        every: the network looks at every so many sampled frames; faces are followed between.
        batch_size: frames a call of the network; "auto" finds what the device takes best.
    """

    model: str = "yunet"
    long_side: int = Field(default=640, ge=32, le=8192)
    min_score: float = Field(default=0.7, ge=0, le=1)
    nms_iou: float = Field(default=0.3, ge=0, le=1)
    every: int = Field(default=1, ge=1, le=10)
    batch_size: PositiveInt | Literal["auto"] = "auto"


class ClassifyConfig(Section):
    """How emotions are told.

    Args:
        model: name of a directory under `models/`, or a path to one.
        flip: average each face's probabilities with those of its mirror image, for twice the time.
        precision: what the network computes in on a CPU. "auto" takes bfloat16 where the
            processor has it and the model's card says that it costs no accuracy; single
            probabilities then differ from those in "float32" by 0.02 at most.
        batch_size: crops a call of the network; "auto" finds what the device takes best.
    """

    model: str = "fer-cnn"
    flip: bool = False
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    batch_size: PositiveInt | Literal["auto"] = "auto"


class TrackConfig(Section):
    """How boxes become tracks.

    Args:
        lost_s: a face that is out of sight for longer than this begins a new track.
        min_iou: overlap needed between a predicted and a found box (0–1).
    """

    lost_s: PositiveFloat = 2.0
    min_iou: float = Field(default=0.1, ge=0, le=1)


class RenderConfig(Section):
    """How annotated videos are made.

    Args:
        enabled: whether they are made at all.
        crf: quality of x264, lower is better and larger.
        preset: x264's preset.
        blur: whose faces are made unrecognisable: nobody's, everybody's, or the others' than
            that of `keep_track`.
        keep_track: the `track_id`, in each video, of the one that stays with "others".
    """

    enabled: bool = True
    crf: int = Field(default=23, ge=0, le=51)
    preset: Literal[
        "ultrafast",
        "superfast",
        "veryfast",
        "faster",
        "fast",
        "medium",
        "slow",
        "slower",
        "veryslow",
    ] = "veryfast"
    blur: Literal["none", "faces", "others"] = "none"
    keep_track: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _names_who_stays(self) -> Self:
        if (self.blur == "others") != (self.keep_track is not None):
            raise ValueError("expected blur others and keep_track together: which face stays?")
        return self


class ReportConfig(Section):
    """The pages that show a run.

    Args:
        enabled: whether a run ends with making them.
        timezone: IANA name of the zone in which they show hours and days.
    """

    enabled: bool = True
    timezone: Timezone = "UTC"


class ArchiveConfig(Section):
    """What file names tell.

    Args:
        pattern: regular expression, searched in the file's path; or None. Its named groups: the
            time as `time`, or as `year`, `month`, `day` and, if wanted, `hour`, `minute`, `second`;
            the camera as `camera` and, if wanted, `channel` of it.
        time_format: strptime format of the group `time`.
        timezone: IANA name of the zone of that time.
    """

    pattern: str | None = None
    time_format: str = "%Y%m%d%H%M%S"
    timezone: Timezone = "UTC"

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "(?P<time>)").groupindex
        except re.error as error:
            raise ValueError(f"no regular expression ({error})") from error
        if not {"time", "camera"} & set(groups) and not {"year", "month", "day"} <= set(groups):
            raise ValueError(
                "expected a group named time or camera, as in (?P<time>[0-9]{14}), "
                "or groups named year, month and day"
            )
        return pattern


class SelectConfig(Section):
    """Which videos of INPUT a run does.

    Args:
        since, until: only videos recorded then: a time, or a date, which as `until` is meant to its
            end; without an offset, in `archive.timezone`.
        settle_s: files that changed less than this ago are left alone; also `60s`, `5m`, `1h`.
        retry_failed: failed videos are tried again, though nothing has changed.
        force: all are done anew.
        limit: at most so many videos are worked on, the first of INPUT.
        render_days: a video that was analysed longer ago gets no annotated video any more.
    """

    since: Moment | None = None
    until: Moment | None = None
    settle_s: Seconds = 0.0
    retry_failed: bool = False
    force: bool = False
    limit: PositiveInt | None = None
    render_days: PositiveFloat | None = None


def _runner(text: str) -> str:
    if not re.fullmatch(r"local|dask(:(\w+://)?[^\s/]+:\d+)?", text):
        raise ValueError("expected local, dask, or dask:ADDRESS such as dask:tcp://10.0.0.5:8786")
    return text


class ProcessConfig(Section):
    """Everything `fer process` can be told.

    Args:
        device: "auto" takes a GPU where there is one.
        smooth_s: time constant in seconds of the smoothing that annotated videos and pages
            show; records stay raw, and 0 shows them so.
        batch_wait_s: how long a picture may wait for others to fill its batch, in seconds.
        workers: videos processed at once; None takes one per core, at most 4, and with
            `dask:ADDRESS` as many as its workers have threads.
        runner: who does the work: "local" is this process with its worker process, "dask" a
            cluster of `workers` processes on this machine, "dask:ADDRESS" the scheduler's there.
        chunk_s: a longer video is cut into chunks of so many seconds of media, which are done at
            once and kept over a stop.
        max_failure_rate: the run has failed if more than this part of the videos it worked on did
            (0–1), or all of them.
        retries: how often a task is tried again whose videos all failed for a reason that may heal,
            such as a network disk that is away …
        retry_wait_s: … after so many seconds.
        gpu_limit: name of a concurrency limit of Prefect, of which a run takes a slot unless
            `device` is "cpu"; None takes none.
    """

    sample: SampleConfig = SampleConfig()
    decode: DecodeConfig = DecodeConfig()
    detect: DetectConfig = DetectConfig()
    classify: ClassifyConfig = ClassifyConfig()
    track: TrackConfig = TrackConfig()
    render: RenderConfig = RenderConfig()
    report: ReportConfig = ReportConfig()
    archive: ArchiveConfig = ArchiveConfig()
    select: SelectConfig = SelectConfig()
    smooth_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = SMOOTH_S
    device: Literal["auto", "cpu", "gpu"] = "auto"
    batch_wait_s: PositiveFloat = 0.01
    workers: PositiveInt | None = None
    runner: Annotated[str, AfterValidator(_runner)] = "local"
    chunk_s: PositiveFloat = 600.0
    max_failure_rate: float = Field(default=1.0, ge=0, le=1)
    retries: int = Field(default=0, ge=0)
    retry_wait_s: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    gpu_limit: str | None = None

    @property
    def annotates_along(self) -> bool:
        """Whether an analysis decodes just the frames that its annotated video shows: all.

        Faces are hidden in a second pass, as what comes later tells where one was missed.
        """
        sample, render = self.sample, self.render
        wanted = (sample.fps, sample.skip, render.enabled, render.blur)
        return wanted == ("all", "none", True, "none")

    @property
    def shown(self) -> str:
        """What an annotated video made with these settings shows, for the ledger.

        Example:
            >>> ProcessConfig().shown
            'smoothed over 0.5 s'
        """
        blur, kept = self.render.blur, self.render.keep_track
        blurred = {"none": "", "faces": ", blurred", "others": f", blurred but #{kept}"}
        return f"smoothed over {self.smooth_s:g} s{blurred[blur]}"

    def changing_records(self) -> dict[str, Any]:
        """All settings that change records, as plain values."""
        return self.model_dump(
            mode="json",
            include={"sample", "detect", "classify", "track", "archive"},
            exclude={"detect": {"batch_size"}, "classify": {"batch_size"}},
        )

    def settings_hash(self, *model_hashes: str) -> str:
        """16 hex digits over all settings that change records, and the models' hashes."""
        text = json.dumps([self.changing_records(), model_hashes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
