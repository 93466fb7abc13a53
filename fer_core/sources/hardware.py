"""Decoding on an NVIDIA graphics card (NVDEC) where there is one, else in software.

Only formats that define every bit of their pictures are decoded there, so that records are the
same either way. Pictures come down to memory as NV12 (P010 for 10 bits) and go on like any other.
"""

import logging
import threading
from pathlib import Path

from av.codec.hwaccel import HWAccel, HWDeviceType
from av.container import InputContainer
from av.video.stream import VideoStream

from fer_core.config import HardwareDecoder
from fer_core.errors import UnreadableVideo
from fer_core.runtime.cuda import cuda_devices
from fer_core.sources.container import open_container

log = logging.getLogger(__name__)

_EXACT = ("h264", "hevc", "vp8", "vp9", "av1")
"""FFmpeg's names of formats that leave a decoder no choice in rounding."""

_said = threading.Lock()
"""Taken by whoever says that software decodes, and never given back: once a run is enough."""


def open_to_decode(path: Path, hwaccel: HardwareDecoder) -> InputContainer:
    """As `open_container`, with the decoder on the graphics card where that is possible.

    Args:
        path: the video.
        hwaccel: "auto" and "cuda" use the card. Where there is none, or where it cannot decode
            this video, both go on in software; "cuda" says so, once a run.

    Raises:
        UnreadableVideo, Inaccessible: as `open_container`.
    """
    container = open_container(path)
    if hwaccel == "none":
        return container
    obstacle = _obstacle(container)
    if obstacle is None:
        try:
            on_card = open_container(path, HWAccel("cuda", allow_software_fallback=True))
        except UnreadableVideo as error:  # FFmpeg could read it just now, so it is the card
            obstacle = str(error.__cause__)
        else:
            container.close()
            return on_card
    if hwaccel == "cuda":
        _say(obstacle)
    return container


def note_refusal(stream: VideoStream, hwaccel: HardwareDecoder) -> None:
    """Say so if the card was to decode a video and could not; known with the first picture.

    FFmpeg's decoder has gone on in software by then: cards know only some profiles and sizes.
    """
    context = stream.codec_context
    if hwaccel == "cuda" and context.is_hwaccel and context.pix_fmt != "cuda":
        _say(f"the card cannot decode this {context.codec.canonical_name} video")


def _obstacle(container: InputContainer) -> str | None:
    """What keeps a video from being decoded on a card, or None."""
    if not cuda_devices():
        return "NVIDIA's driver offers no device"
    stream = container.streams.best("video")
    codec = stream.codec_context.codec if stream and stream.codec_context else None
    if codec is None or codec.canonical_name not in _EXACT:
        return f"{codec.canonical_name if codec else 'this format'} is decoded in software only"
    if not any(way.device_type == HWDeviceType.cuda for way in codec.hardware_configs or ()):
        return f"this build of FFmpeg decodes {codec.canonical_name} in software only"
    return None


def _say(obstacle: str) -> None:
    if _said.acquire(blocking=False):
        log.warning("decode.hwaccel is cuda, but %s: decoding in software", obstacle)
