"""What CAMERA means, and that no password is ever seen."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.errors import ConfigError, InputError, StreamError
from fer_core.streams.camera import NAME, Camera, fill, find_cameras, split_credentials
from fer_core.streams.connection import Connection


def one(text: str, file: Path | None = None) -> Camera:
    return find_cameras([text], file)[0]


def cameras_yaml(directory: Path, **cameras: object) -> Path:
    file = directory / "cameras.yaml"
    file.write_text(json.dumps({"cameras": cameras}))
    return file


def test_webcams() -> None:
    for text in ("0", "/dev/video0"):
        camera = one(text)
        assert (camera.name, camera.url.get_secret_value()) == ("video0", "/dev/video0")
        assert camera.is_webcam


@pytest.mark.parametrize(
    ("device", "kind", "words"),
    [("/dev/video97", "not found", "no such webcam"), ("/dev/null", "unreachable", "no webcam")],
)
def test_what_is_no_webcam_is_said(device: str, kind: str, words: str) -> None:
    with pytest.raises(StreamError, match=words) as caught:
        Connection(one(device))
    assert caught.value.kind == kind


def test_a_url_gets_a_name_that_tells_no_secret() -> None:
    camera = one("rtsp://viewer:geheim@10.0.0.5:554/token-a81f")
    assert camera.name.startswith("10.0.0.5-554-")
    assert "token" not in camera.name
    assert camera.url.get_secret_value() == "rtsp://viewer:geheim@10.0.0.5:554/token-a81f"


def test_a_name_with_its_password_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOOR", "p@s/s%w")
    file = cameras_yaml(tmp_path, door={"url": "rtsp://me:${DOOR}@cam:554/1", "transport": "udp"})
    camera = one("door", file)
    assert camera.url.get_secret_value() == "rtsp://me:p%40s%2Fs%25w@cam:554/1"
    assert camera.config.transport == "udp"
    monkeypatch.delenv("DOOR")
    with pytest.raises(ConfigError, match=r"\$\{DOOR\}.*no such environment variable"):
        one("door", file)


def test_a_prefect_secret_is_asked_for(tmp_path: Path) -> None:
    file = cameras_yaml(tmp_path, door={"url": "rtsp://me:${prefect:door}@cam:554/1"})
    [camera] = find_cameras(["door"], file, lookup=lambda name: f"{name}/pw")
    assert camera.url.get_secret_value() == "rtsp://me:door%2Fpw@cam:554/1"
    with pytest.raises(ConfigError, match="no Prefect here"):
        one("door", file)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r{}"), min_size=1))
def test_any_password_gets_through_and_is_redacted(password: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANY_PASSWORD", password)
        try:
            url, _ = fill("rtsp://me:${ANY_PASSWORD}@door.lan:554/1")
        except UnicodeEncodeError:  # no environment can hold it
            return
    user, decoded, place = split_credentials(url.removeprefix("rtsp://"))
    assert (user, decoded, place) == ("me", password, "door.lan:554/1")
    camera = one(url)
    shown = camera.redact(f"cannot open {camera.url.get_secret_value()} with {password}!")
    assert url not in shown
    assert password not in shown.replace("***", "") or password in "cannot open  with !"
    assert url not in repr(camera)


@pytest.mark.parametrize(
    ("text", "user", "password", "place"),
    [
        ("cam/1", None, None, "cam/1"),
        ("10.0.0.1:554/x@1", None, None, "10.0.0.1:554/x@1"),
        ("me@cam/1", "me", None, "cam/1"),
        ("me:a%40b@cam:554/1", "me", "a@b", "cam:554/1"),
        ("me:a/b@c%d@10.0.0.1:554/1", "me", "a/b@c%d", "10.0.0.1:554/1"),
        ("me:pw@10.0.0.1/live@2", "me", "pw", "10.0.0.1/live@2"),
        ("me:pw@[fe80::1]:554/1", "me", "pw", "[fe80::1]:554/1"),
    ],
)
def test_user_password_and_place(
    text: str, user: str | None, password: str | None, place: str
) -> None:
    assert split_credentials(text) == (user, password, place)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"url": "rtsp://u:geheim@cam/1", "stal_s": 3}, "door.stal_s"),
        ({"url": ["rtsp://u:geheim@cam/1"]}, "door.url"),
        ({"url": "rtsp://u:geheim@cam/1", "transport": "quic"}, "door.transport"),
    ],
)
def test_a_fault_in_the_file_is_told_without_its_password(
    tmp_path: Path, settings: dict, fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault) as caught:
        one("door", cameras_yaml(tmp_path, door=settings))
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "rtsp:/viewer:geheim@cam/1",
        "viewer:geheim@cam/1",
        "viewer:geheim@cam://1",
        "rtsp://viewer:geheim@",
        "rtsp://viewer:geheim@/1",
        "rtsp://viewer:geheim@:554/1",
    ],
)
def test_a_url_with_a_slip_in_it_is_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match=r"expected .*rtsp://") as caught:
        one(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("typed", ["me:geheim/x@cam/1", "me:x@geheim/y@cam/1", "me:123/x@cam/1"])
def test_what_may_be_a_piece_of_a_password_names_no_camera(typed: str) -> None:
    assert re.fullmatch("camera-[0-9a-f]{6}", one(f"rtsp://{typed}").name)


@pytest.mark.parametrize("text", ["rtsp://камера/1", "rtsp://[::]/1", "/dev/../tmp/x", "/dev/"])
def test_every_name_can_be_a_file_name(text: str) -> None:
    assert re.fullmatch(NAME, one(text).name)


def test_a_whole_url_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOOR", "rtsp://me:geh%40eim@cam:554/1")
    camera = one("door", cameras_yaml(tmp_path, door={"url": "${DOOR}"}))
    assert camera.url.get_secret_value() == "rtsp://me:geh%40eim@cam:554/1"
    assert camera.redact("geh@eim geh%40eim") == "*** ***"


def test_what_is_no_camera(tmp_path: Path) -> None:
    file = cameras_yaml(tmp_path, door={"url": "rtsp://cam/1"})
    with pytest.raises(InputError, match=r"no camera 'yard'.*there: door"):
        one("yard", file)
    with pytest.raises(InputError, match="got ftp://") as caught:
        one("ftp://u:geheim@cam/1")
    assert "geheim" not in str(caught.value)
    with pytest.raises(InputError, match="named twice"):
        find_cameras(["door", "door"], file)
    with pytest.raises(ConfigError, match="no camera may be called streams"):
        one("streams", cameras_yaml(tmp_path, streams={"url": "rtsp://cam/1"}))
    with pytest.raises(ConfigError, match="no camera may be called 7"):
        one("door", cameras_yaml(tmp_path, **{"7": {"url": "rtsp://cam/1"}}))
    for name in ("bad name", "rtsp://u:geheim@cam/1"):
        with pytest.raises(ConfigError, match=r"cameras\.\(no name\).* match pattern") as caught:
            one("door", cameras_yaml(tmp_path, **{name: {"url": "rtsp://cam/1"}}))
        assert "geheim" not in str(caught.value)


def test_a_name_that_stands_twice_is_told(tmp_path: Path) -> None:
    file, door = tmp_path / "cameras.yaml", "  door:\n    url: rtsp://u:geheim@cam/1\n"
    file.write_text(f"cameras:\n{door}{door}")
    with pytest.raises(ConfigError, match="a key twice in line 4") as caught:
        one("door", file)
    assert "geheim" not in str(caught.value)


def test_the_example_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", "x")
    door, desk = find_cameras(["door", "desk"], Path("configs/cameras.yaml"))
    assert (door.name, desk.is_webcam) == ("door", True)
