"""The flows for cameras: names in, no secret in what Prefect keeps."""

import json
from pathlib import Path

import pytest
from prefect.blocks.system import Secret

from fer_core.errors import ConfigError, InputError
from flows.capture import capture_streams
from flows.secrets import read_secret
from flows.tail_stream import tail_stream

NOBODY = "rtsp://viewer:${prefect:door-password}@127.0.0.1:9/door"


@pytest.fixture
def cameras_file(tmp_path: Path) -> str:
    file = tmp_path / "cameras.yaml"
    file.write_text(json.dumps({"cameras": {"door": {"url": NOBODY, "retry_first_s": 0.1}}}))
    return str(file)


def test_a_secret_block_gives_the_password(cameras_file: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Prefect Secret block 'door-password'"):
        capture_streams(["door"], str(tmp_path / "a"), 0.5, cameras_file=cameras_file)
    Secret(value="p@ss/w%rd").save("door-password")
    assert read_secret("door-password") == "p@ss/w%rd"
    [result] = capture_streams(["door"], str(tmp_path / "b"), 0.5, cameras_file=cameras_file)
    assert (result.camera, result.segments) == ("door", 0)
    [seen] = tail_stream(["door"], str(tmp_path / "c"), 0.5, cameras_file=cameras_file)
    assert (seen.camera, seen.frames) == ("door", 0)


def test_a_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for flow in (tail_stream, capture_streams):
        with pytest.raises(InputError, match="expected names") as caught:
            flow(["rtsp://viewer:geheim@127.0.0.1:9/door"], str(tmp_path))
        assert "geheim" not in str(caught.value)
