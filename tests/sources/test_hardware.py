"""Where a video is decoded: on a card that is there, else in software, which is said once."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from fer_core.config import HardwareDecoder, SampleConfig
from fer_core.runtime.cuda import cuda_devices
from fer_core.sources import hardware
from fer_core.sources.decoder import pictures
from fer_core.sources.picture import Orientation, PictureMaker
from fer_core.sources.video import VideoSource
from tests.clips import Clip, read_number, write

H264 = Clip("a.mp4", stamps=tuple(range(0, 5 * 512, 512)))
GIF = Clip("a.gif", "gif", pix_fmt="rgb8", stamps=H264.stamps)


@pytest.fixture(autouse=True)
def new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_said", threading.Lock())


def numbers(path: Path, hwaccel: HardwareDecoder) -> list[int]:
    """The numbers painted on the frames, as decoded with a setting."""
    sample = SampleConfig(fps="all")
    with VideoSource(path, sample, hwaccel=hwaccel) as source:
        return [read_number(frame.luma) for frame in source.frames()]


@pytest.mark.skipif(cuda_devices() > 0, reason="a card would decode")
@pytest.mark.parametrize("claimed", [0, 1])
@pytest.mark.parametrize(("hwaccel", "lines"), [("none", 0), ("auto", 0), ("cuda", 1)])
def test_without_a_card_software_decodes_and_cuda_says_so_once(
    hwaccel: HardwareDecoder,
    lines: int,
    claimed: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a card is claimed, FFmpeg is really asked for it, and really fails."""
    monkeypatch.setattr(hardware, "cuda_devices", lambda: claimed)
    path = write(H264, tmp_path)
    with caplog.at_level(logging.WARNING):
        assert numbers(path, hwaccel) == numbers(path, hwaccel) == [0, 1, 2, 3, 4]
        assert len(list(pictures(path, hwaccel))) == 5
    assert len(caplog.messages) == lines
    assert all(line.endswith("decoding in software") for line in caplog.messages)


def test_formats_that_leave_rounding_open_stay_in_software(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "cuda_devices", lambda: 1)
    with caplog.at_level(logging.WARNING):
        assert len(numbers(write(GIF, tmp_path), "cuda")) == 5
    assert caplog.messages == [
        "decode.hwaccel is cuda, but gif is decoded in software only: decoding in software"
    ]


@pytest.mark.parametrize(("planar", "card"), [("yuv420p", "nv12"), ("yuv420p10le", "p010le")])
def test_pictures_from_a_card_look_the_same(planar: str, card: str, tmp_path: Path) -> None:
    path = write(Clip("a.mkv", pix_fmt=planar, stamps=(0, 512)), tmp_path)
    maker = PictureMaker(Orientation(), long_side=80)
    for picture in pictures(path):
        copy = picture.reformat(format=card)
        (luma, limited), (other, other_limited) = maker.luma(picture), maker.luma(copy)
        np.testing.assert_array_equal(other, luma)
        assert other_limited == limited
        np.testing.assert_array_equal(maker.bgr(copy), maker.bgr(picture))
