"""The sample videos: three, short, always the same, with faces where they should be."""

from pathlib import Path

import av
import pytest

from fer_core.config import SampleConfig
from fer_core.samples import _CLIPS, make_samples
from fer_core.sources.video import VideoSource

pytest.importorskip("skimage", reason="sample videos are drawn from scikit-image's picture")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_samples(tmp_path_factory.mktemp("samples"))


def test_three_short_clips_with_sound(samples: list[Path]) -> None:
    assert [path.name for path in samples] == ["zoom.mp4", "tilt.mp4", "video-call.mp4"]
    for path in samples:
        with VideoSource(path, SampleConfig(fps=1)) as source:
            assert source.info.codec == "h264"
            assert source.info.has_audio
            assert source.info.duration_s is not None
            assert 6 <= source.info.duration_s <= 10
            frames = list(source.frames())
        assert all(frame.luma.std() > 20 for frame in frames)
        assert source.stats.damage is None


def test_the_sound_is_quiet_but_there(samples: list[Path]) -> None:
    with av.open(str(samples[0])) as container:
        loudest = max(abs(frame.to_ndarray()).max() for frame in container.decode(audio=0))
    assert 0.02 < loudest < 0.2


def test_they_are_the_same_every_time(
    samples: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_core.samples._CLIPS", _CLIPS[:1])
    again = make_samples(tmp_path)
    assert again[0].read_bytes() == samples[0].read_bytes()
