"""Source strings: every kind, every way to get them wrong, and no password in anything that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras import open_source
from edge_face.cameras.files import FolderSource, VideoSource
from edge_face.cameras.opening import make_source
from edge_face.cameras.picamera import PicameraSource
from edge_face.cameras.rtsp import RtspSource
from edge_face.cameras.source import Kind, parse_source, redact, stall_limit
from edge_face.cameras.usb import UsbSource
from edge_face.errors import EdgeFaceError, SettingsError
from edge_face.settings import CameraSettings


@pytest.mark.parametrize(("text", "kind", "value"), [
    ("picamera2", Kind.PICAMERA2, "0"), ("picamera2:1", Kind.PICAMERA2, "1"), ("PiCamera2", Kind.PICAMERA2, "0"),
    ("usb:0", Kind.USB, "/dev/video0"), ("usb:12", Kind.USB, "/dev/video12"), ("usb:/dev/video3", Kind.USB, "/dev/video3"),
    ("usb:/dev/v4l/by-id/usb-cam", Kind.USB, "/dev/v4l/by-id/usb-cam"),
    ("rtsp://cam/live", Kind.RTSP, "rtsp://cam/live"), ("rtsps://cam:322/live", Kind.RTSP, "rtsps://cam:322/live"),
    ("file:a b/türe.mp4", Kind.FILE, "a b/türe.mp4"), ("file:C:odd", Kind.FILE, "C:odd"), ("dir:/srv/bilder", Kind.FOLDER, "/srv/bilder"),
])
def test_sources_that_are_meant(text: str, kind: Kind, value: str) -> None:
    name = parse_source(text)
    assert (name.kind, name.value) == (kind, value)


@pytest.mark.parametrize("text", [
    "", " ", "webcam", "usb", "usb:", "usb:x", "usb:-1", "usb:1.5", "usb:64", "usb:²", "usb:/dev/", "usb:/etc/passwd", "picamera2:",
    "picamera2:x",
    "picamera", "rtsp:", "rtsp:cam", "http://cam/", "file:", "dir:", "dir: ", "0", "/dev/video0", "file", "a\0b", "dir:a\nb",
    "picamera2:99999999999999999999"])
def test_sources_that_cannot_be_meant_name_what_is_allowed(text: str) -> None:
    with pytest.raises(SettingsError, match="allowed are picamera2"):
        parse_source(text)


@pytest.mark.parametrize("text", ["rtsp://", "rtsp:///path", "rtsp://user:secret@", "rtsp://cam:99999/", "rtsp://cam:port/", "rtsp://[::1/"])
def test_addresses_without_a_host_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(SettingsError, match=r"host and port") as caught:
        parse_source(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("url", "shown"), [
    ("rtsp://owner:geheim@10.0.0.9:8554/live?token=geheim", "rtsp://10.0.0.9:8554"),
    ("rtsp://10.0.0.9/user=admin_password=geheim_channel=1", "rtsp://10.0.0.9"),
    ("RTSP://owner:ge%40heim@[fe80::1]:554/x", "rtsp://[fe80::1]:554"),
])
def test_only_scheme_and_host_are_shown(url: str, shown: str) -> None:
    assert parse_source(url).shown == shown
    assert redact(f"could not open '{url}', sorry") == f"could not open '{shown}', sorry"
    assert make_source(CameraSettings(source=url)).name == shown


safe = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@given(safe, st.text(st.characters(categories=["L", "N", "P"], exclude_characters="/?#@'\"<>[]:"), min_size=8, max_size=20), safe)
def test_no_password_survives(user: str, password: str, path: str) -> None:
    secret = "S3cr3t" + password
    text = redact(f"[tcp] Connection to rtsp://{user}:{secret}@camera.local:554/{path}?p={secret} failed")
    assert secret not in text and "camera.local" in text


def test_each_kind_is_made_by_its_own_class() -> None:
    made = {text: type(make_source(CameraSettings(source=text))) for text in
            ("picamera2", "usb:0", "rtsp://cam/", "file:x.mp4", "dir:x")}
    assert list(made.values()) == [PicameraSource, UsbSource, RtspSource, VideoSource, FolderSource]


@pytest.mark.parametrize("text", ["picamera2", "usb:63", "usb:/dev/null", "rtsp://127.0.0.1:1/", "file:not-there.mp4", "dir:not-there"])
def test_what_is_not_there_is_one_sentence(text: str) -> None:
    with pytest.raises(EdgeFaceError) as caught:
        open_source(CameraSettings(source=text))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_slow_cameras_are_not_stalled_between_two_frames() -> None:
    assert stall_limit(CameraSettings(stall_seconds=2.0, fps=15)) == 2.0
    assert stall_limit(CameraSettings(stall_seconds=0.5, fps=1)) == 3.0
