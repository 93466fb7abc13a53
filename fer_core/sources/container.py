"""Opening a video file: what is checked before FFmpeg sees it, and what its header says."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from fer_core.errors import Inaccessible, NoVideoStream, UnreadableVideo
from fer_core.ranges import RangedReader
from fer_core.s3 import S3Path

_FIRST_PLAUSIBLE_YEAR = 1980
"""Cameras without a clock write 1904 or 1970, the epochs of QuickTime and Unix."""

_PLAYLISTS = ("concat", "hls", "dash", "imf")
"""Formats of FFmpeg that only name other files."""

_SECONDS = 1 / av.time_base


def open_container(path: Path, hwaccel: HWAccel | None = None) -> InputContainer:
    """Open a video file for reading.

    FFmpeg may open nothing but local files: a playlist named .mp4 must not reach the network.
    Objects in S3 are read for it.

    Args:
        path: the file.
        hwaccel: where its decoders are to run; None for software.

    Raises:
        UnreadableVideo: missing, no regular file, empty, or no container that FFmpeg knows.
        Inaccessible: no permission, or the disk fails.
    """
    _check_file(path)
    try:
        container = av.open(
            path.open("rb") if isinstance(path, S3Path) else f"file:{path}",
            "r",
            metadata_errors="replace",
            hwaccel=hwaccel,
            container_options={"protocol_whitelist": "file"},
        )
    except (FFmpegError, OSError, ValueError) as error:
        raise UnreadableVideo(
            f"{path}: expected a video file, got {path.stat().st_size:,} bytes that FFmpeg "
            f"cannot open ({reason(error)}); it is no video, or its index was cut off in "
            "copying: copy it again from where it was recorded"
        ) from error
    if container.format.name in _PLAYLISTS:
        container.close()
        raise UnreadableVideo(
            f"{path}: expected a video file, this is a playlist ({container.format.name}); "
            "name the videos themselves"
        )
    return container


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UnreadableVideo(f"{path}: expected a video file, this is {kind}")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise UnreadableVideo(f"{path}: no such file; check the path") from error
    except PermissionError as error:
        raise Inaccessible(
            f"{path}: no permission to read it as user {os.geteuid()}; change its mode or owner"
        ) from error
    except OSError as error:
        raise Inaccessible(f"{path}: cannot be read: {error.strerror}") from error
    if status.st_size == 0:
        raise UnreadableVideo(
            f"{path}: expected a video file, this one is empty (0 bytes); copy it again from "
            "where it was recorded"
        )


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream with the pictures; cover pictures of audio files do not count.

    Raises:
        NoVideoStream: there is none.
        UnreadableVideo: FFmpeg has no decoder for it.
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = sorted({_kind(stream) for stream in container.streams}) or ["nothing"]
        raise NoVideoStream(
            f"{path}: expected a video stream, found only {', '.join(kinds)}; "
            "there is nothing to look at in this file"
        )
    best = container.streams.best("video")
    stream = cast(VideoStream, best) if best in streams else streams[0]
    if cast(object, stream.codec_context) is None:
        raise UnreadableVideo(f"{path}: FFmpeg has no decoder for its video stream")
    return stream


def _kind(stream: Stream) -> str:
    return "cover picture" if stream.type == "video" else stream.type


def creation_time(container: InputContainer) -> datetime | None:
    """When the recording began (UTC) as the container says, or None.

    Never the time of the file in the file system, which copying changes.
    """
    text = container.metadata.get("creation_time")
    try:
        time = datetime.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
    if time is None or time.year < _FIRST_PLAUSIBLE_YEAR:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Length in seconds of the video stream, or else of the container; None if unknown."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration * _SECONDS if container.duration else None


def reason(error: Exception) -> str:
    """FFmpeg's own words for an error, without the path."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def fetch_key_frames_only(container: InputContainer, stream: VideoStream) -> None:
    """Has nothing but the stream's key frames fetched from S3, where the index says where they are.

    All packets come as before, those that nobody decodes with zeros in them. Only MP4 and MOV
    have such an index, and only in H.264 and HEVC does nothing look into packets on the way.
    """
    reader = getattr(container.file, "file", None)
    if not isinstance(reader, RangedReader) or "mp4" not in container.format.name:
        return
    if stream.codec_context.codec.canonical_name not in ("h264", "hevc"):
        return
    reader.leave_out(
        (entry.pos, entry.pos + entry.size)
        for other in container.streams
        for entry in other.index_entries
        if other.index != stream.index or not entry.is_keyframe
    )
