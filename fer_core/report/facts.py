"""What was done with a video, with which settings, and what came of it: in words."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from fer_core.config import DetectConfig, ProcessConfig, SampleConfig
from fer_core.ledger import VideoSummary
from fer_core.report.cameras import CameraDay, Gap
from fer_core.report.options import ReportOptions
from fer_core.report.worth import accuracy_of, percent
from fer_core.trust import FaceFilter

Facts = list[tuple[str, str]]

_PRECISIONS = {
    "auto": "bfloat16 on processors that have it, if the model's card allows it, else float32",
    "float32": "float32",
    "bfloat16": "bfloat16",
}


def facts_of_video(
    row: VideoSummary, shown: int, options: ReportOptions, settings: ProcessConfig | None
) -> Facts:
    """What became of a video; pairs of a name and a text.

    Args:
        row: the video's row in the ledger.
        shown: how many faces the page shows.
        options: how the page is made.
        settings: those of the analysis, if they were kept.
    """
    rate = f", {row.fps:.4g} frames a second" if row.fps else ""
    facts = {
        "status": row.status,
        "why": row.error,
        "recorded": local_time(row, options.timezone),
        "camera": row.camera,
        "picture": f"{row.width}×{row.height}, {row.codec}{rate}" if row.width else None,
        "frames": f"{row.frames_decoded} decoded, {row.frames_sampled} looked at, "
        f"{row.frames_corrupt} damaged",
        "annotated video": _describe_annotated(row),
        "made by": f"fer {row.version}" if row.version else None,
        "took": f"{row.wall_s:.1f} s",
    }
    return _told({**facts, **_shared(row, shown, options, settings)})


def facts_of_day(
    row: VideoSummary,
    day: CameraDay,
    shown: int,
    options: ReportOptions,
    settings: ProcessConfig | None,
) -> Facts:
    """The same of a live camera's day, as `read_day` gives its row."""
    dropped, corrupt = (
        sum(one[name] for one in day.connections) for name in ("frames_dropped", "frames_corrupt")
    )
    facts = {
        "camera": day.camera,
        "day": f"{day.day}, {options.timezone}",
        "picture": f"{row.width}×{row.height}, {row.codec}" if row.width else None,
        "frames": f"{row.frames_sampled} looked at; {dropped} dropped and {corrupt} damaged in the "
        "connections that reach into this day",
        "connections": str(sum(one["first_frame_at"] is not None for one in day.connections)),
        "without a picture": in_all(day.gaps()),
        "tails": str(len(day.runs)),
    }
    return _told({**facts, **_shared(row, shown, options, settings)})


def in_all(gaps: Sequence[Gap]) -> str | None:
    """How many gaps there are and how long they last together; None without any."""
    if not gaps:
        return None
    seconds = round(sum(end - begin for begin, end, _ in gaps))
    minutes = f"{seconds // 60} min " if seconds >= 60 else ""
    return f"{len(gaps)} {'gap' if len(gaps) == 1 else 'gaps'}, {minutes}{seconds % 60} s"


def _shared(
    row: VideoSummary, shown: int, options: ReportOptions, settings: ProcessConfig | None
) -> dict[str, str | None]:
    """What videos and cameras have in common: the faces, the model and the settings."""
    hidden = "; the others are too small, blurred or turned away" if shown < row.faces else ""
    return {
        "faces": f"{row.faces} found, {shown} shown here{hidden}",
        "faces shown": _describe_faces(options.faces),
        "smoothing": f"time constant {options.smooth_s:g} s" if options.smooth_s else "none",
        "model": ", ".join(filter(None, (row.model, accuracy_of(row.model)))),
        **(_in_words(settings) if settings else {}),
        "hash of the settings": row.settings_hash,
    }


def _told(facts: Mapping[str, str | None]) -> Facts:
    return [(name, value) for name, value in facts.items() if value]


def local_time(row: VideoSummary, timezone: str) -> str | None:
    """When a video begins, by the clocks of a zone."""
    if row.captured_at is None:
        return None
    return f"{row.captured_at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"


def _in_words(settings: ProcessConfig) -> dict[str, str | None]:
    """The settings that change records."""
    classify, track = settings.classify, settings.track
    mirrored = "; mean of each face and its mirror image" if classify.flip else ""
    return {
        "looked at": _sampled(settings.sample),
        "detector": _detector(settings.detect),
        "computed in": _PRECISIONS[classify.precision] + mirrored,
        "tracks": f"a face out of sight for more than {track.lost_s:g} s begins a new one, as does "
        f"one that overlaps less than {percent(track.min_iou)} with where it was expected",
        "file names": f"camera and time by {settings.archive.pattern}, {settings.archive.timezone}"
        if settings.archive.pattern
        else None,
    }


def _sampled(sample: SampleConfig) -> str:
    if isinstance(sample.fps, str):
        return {"all": "every frame", "keyframes": "key frames"}[sample.fps]
    skipped = ", of those that others refer to" if sample.skip == "nonref" else ""
    return f"{sample.fps:g} frames a second{skipped}"


def _detector(detect: DetectConfig) -> str:
    every = "" if detect.every == 1 else f", on one frame in {detect.every} of these"
    return (
        f"{detect.model}{every}, longer side at most {detect.long_side} px, score ≥ "
        f"{detect.min_score:g}; of boxes that overlap more than {percent(detect.nms_iou)} one stays"
    )


def _describe_annotated(row: VideoSummary) -> str | None:
    if row.annotated is None or row.frames_bridged is None:
        return row.shows if row.annotated else None
    return f"{row.shows}; on {row.frames_bridged} frames a face was not found and bridged"


def _describe_faces(faces: FaceFilter) -> str:
    return (
        f"shorter side ≥ {faces.min_side:g} px, sharpness ≥ {faces.min_sharpness:g}, "
        f"yaw ≤ {faces.max_yaw:g}°, score ≥ {faces.min_score:g}"
    )
