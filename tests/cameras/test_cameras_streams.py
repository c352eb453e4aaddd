"""USB and network cameras: a stand-in for cv2.VideoCapture for the faults, and a real RTSP camera on this machine for the whole path."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rtsp_server import RtspCamera

from edge_face.cameras import open_source
from edge_face.cameras.rtsp import RtspSource
from edge_face.cameras.usb import UsbSource
from edge_face.clock import ManualClock
from edge_face.errors import CameraError, SettingsError
from edge_face.settings import CameraSettings

SETTINGS = CameraSettings(source="usb:0", fps=15, stall_seconds=2.0)


@dataclass
class Fake:
    """A cv2.VideoCapture with frames at `rate`; each list names the frames that something happens to."""

    clock: ManualClock
    rate: float = 30.0
    opens: bool = True
    size: tuple[int, int] = (480, 640)
    ends: int = 10**9
    freezes: int = 10**9
    damaged: tuple[int, ...] = ()
    raises: int = 10**9
    stamps: bool = True
    grey: bool = False
    refuses: tuple[int, ...] = ()
    set_to: list[tuple[int, float]] = field(default_factory=list)
    grabbed: int = 0
    retrieved: int = 0
    released: int = 0

    def isOpened(self) -> bool:
        return self.opens

    def set(self, number: int, value: float) -> bool:
        self.set_to.append((number, value))
        return number not in self.refuses

    def grab(self) -> bool:
        if self.grabbed >= self.ends:
            return False
        if self.grabbed < self.freezes:
            self.clock.sleep(1 / self.rate)
        self.grabbed += 1
        if self.grabbed > self.raises:
            raise cv2.error("OpenCV(4.6.0) ... error: (-215:Assertion failed)")
        return True

    def get(self, number: int) -> float:
        assert number == cv2.CAP_PROP_POS_MSEC
        return 1000.0 * min(self.grabbed, self.freezes) / self.rate if self.stamps else 0.0

    def retrieve(self) -> tuple[bool, Any]:
        self.retrieved += 1
        if self.grabbed in self.damaged:
            return False, None
        shape = self.size if self.grey else (*self.size, 3)
        return True, np.full(shape, self.grabbed % 256, np.uint8)

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def fake() -> Fake:
    return Fake(ManualClock())


def usb(fake: Fake, settings: CameraSettings = SETTINGS) -> UsbSource:
    source = UsbSource("/dev/video0", settings, fake.clock, lambda device: fake)
    source.open()
    return source


def test_a_usb_camera_is_set_up_in_the_order_drivers_need(fake: Fake) -> None:
    usb(fake, replace(SETTINGS, width=800, height=600, fps=25.0, controls={"backlight": 1, "SHARPNESS": 0.5}))
    assert fake.set_to == [
        (cv2.CAP_PROP_FOURCC, float(int.from_bytes(b"MJPG", "little"))), (cv2.CAP_PROP_FRAME_WIDTH, 800), (cv2.CAP_PROP_FRAME_HEIGHT, 600),
        (cv2.CAP_PROP_FPS, 25.0), (cv2.CAP_PROP_BUFFERSIZE, 1), (cv2.CAP_PROP_BACKLIGHT, 1.0), (cv2.CAP_PROP_SHARPNESS, 0.5)]


def test_frames_beyond_the_asked_rate_are_dropped_undecoded(fake: Fake) -> None:
    source = usb(fake)
    frames = [source.read() for _ in range(60)]
    rate = 59 / (frames[-1].monotonic - frames[0].monotonic)
    assert rate == pytest.approx(15, rel=0.03)
    assert fake.retrieved == 60 and fake.grabbed == pytest.approx(120, abs=3)
    assert [f.index for f in frames] == list(range(60))


@pytest.mark.parametrize("rate", [14.0, 15.0])
def test_a_camera_near_the_asked_rate_loses_nothing(rate: float) -> None:
    fake = Fake(ManualClock(), rate=rate)
    source = usb(fake)
    for _ in range(100):
        source.read()
    assert fake.grabbed == 100


def test_a_larger_picture_than_asked_becomes_the_detail() -> None:
    frame = usb(Fake(ManualClock(), size=(720, 1280))).read()
    assert frame.image.shape == (360, 640, 3) and frame.detail is not None and frame.detail.shape == (720, 1280, 3)


def test_an_infrared_camera_of_one_channel() -> None:
    frame = usb(Fake(ManualClock(), grey=True)).read()
    assert frame.image.shape == (480, 640, 3) and (frame.image[..., 0] == frame.image[..., 2]).all()


def test_damaged_frames_are_passed_over() -> None:
    source = usb(Fake(ManualClock(), rate=15.0, damaged=(2, 3)))
    assert [int(source.read().image[0, 0, 0]) for _ in range(3)] == [1, 4, 5]


def test_a_camera_that_is_unplugged(fake: Fake) -> None:
    fake.ends = 4
    source = usb(fake)
    with pytest.raises(CameraError, match=r"/dev/video0 brings no more frames: check its plug"):
        list(source)
    source.close()
    source.close()
    assert fake.released == 1


def test_a_frozen_picture_is_an_error_after_the_limit() -> None:
    fake = Fake(ManualClock(), freezes=6)
    source = usb(fake)
    seen = []
    with pytest.raises(CameraError, match="no new picture for 2 s"):
        seen.extend(iter(source))
    assert fake.clock.monotonic() - fake.freezes / fake.rate == pytest.approx(1.9, abs=0.1)


def test_only_damaged_frames_are_a_stall_too() -> None:
    source = usb(Fake(ManualClock(), damaged=tuple(range(1, 10_000))))
    with pytest.raises(CameraError, match="no new picture for 2 s"):
        source.read()


def test_a_driver_without_time_stamps_is_never_taken_for_frozen() -> None:
    fake = Fake(ManualClock(), stamps=False)
    source = usb(fake)
    frames = [source.read() for _ in range(200)]
    assert [frame.index for frame in frames] == list(range(200)) and fake.released == 0
    assert len({int(frame.image[0, 0, 0]) for frame in frames}) > 100, "they are new pictures"


def test_an_error_inside_opencv_is_one_sentence() -> None:
    source = usb(Fake(ManualClock(), raises=2))
    with pytest.raises(CameraError, match="failed while it was read") as caught:
        list(source)
    assert "Assertion" not in str(caught.value)


def test_a_busy_camera_says_how_to_find_who_uses_it(fake: Fake) -> None:
    fake.opens = False
    with pytest.raises(CameraError, match="another program is using it"):
        usb(fake)
    assert fake.released == 1


@pytest.mark.parametrize(("controls", "words"), [
    ({"BACKLITE": 1}, "no capture property 'BACKLITE'"), ({"BACKLIGHT": "on"}, "takes a number"), ({"ZOOM": 4}, "does not take ZOOM = 4")])
def test_wrong_controls_are_named(controls: dict[str, Any], words: str) -> None:
    fake = Fake(ManualClock(), refuses=(cv2.CAP_PROP_ZOOM,))
    with pytest.raises(SettingsError, match=words):
        usb(fake, replace(SETTINGS, controls=controls))
    assert fake.released == 1


def test_devices_that_are_missing_or_no_camera(tmp_path: Path) -> None:
    def problem(device: str) -> str:
        with pytest.raises(CameraError) as caught:
            UsbSource(device, SETTINGS, ManualClock()).open()
        return str(caught.value)

    assert "is not there: plug the camera in" in problem(str(tmp_path / "video9"))
    (tmp_path / "file").write_bytes(b"x")
    assert "is no camera" in problem(str(tmp_path / "file"))
    assert "cannot be started" in problem("/dev/null")
    if os.geteuid() != 0:
        (tmp_path / "file").chmod(0)
        assert "usermod -aG video" in problem(str(tmp_path / "file"))


def test_reading_a_closed_camera(fake: Fake) -> None:
    source = usb(fake)
    source.close()
    with pytest.raises(CameraError, match="not open"):
        source.read()


# --- RTSP, through the real FFmpeg ---

def picture(number: int) -> Any:
    image = np.full((240, 320, 3), 60 + number % 2 * 120, np.uint8)
    image[:, :160] = (200, 60, 20)
    return image


def live(camera: RtspCamera, user: str = "") -> CameraSettings:
    return CameraSettings(source=f"rtsp://{user}127.0.0.1:{camera.port}/live", width=320, height=240, fps=30, stall_seconds=1.0)


def test_a_network_camera_with_a_password_is_played_over_tcp_in_true_colours() -> None:
    before = dict(os.environ)
    with RtspCamera(picture, user="owner", password="p@ss") as camera, open_source(live(camera, "owner:p%40ss@")) as source:
        frames = [source.read() for _ in range(20)]
        assert any(line.startswith("PLAY") for line in camera.seen)
    assert [f.index for f in frames] == list(range(20))
    left, right = frames[-1].image[120, 80], frames[-1].image[120, 240]
    assert left.tolist() == pytest.approx([200, 60, 20], abs=12)
    assert int(right[0]) == pytest.approx(60, abs=12) or int(right[0]) == pytest.approx(180, abs=12)
    assert {int(f.image[120, 240, 0]) > 120 for f in frames} == {True, False}, "the picture moves"
    assert dict(os.environ) == before


def test_a_wrong_password_is_said_without_saying_it() -> None:
    refused = pytest.raises(CameraError, match="check user, password and path")
    with RtspCamera(picture, user="owner", password="right") as camera, refused as caught:
        open_source(live(camera, "owner:geheim@"))
    assert "geheim" not in str(caught.value) and f"rtsp://127.0.0.1:{camera.port} " in str(caught.value)


@pytest.mark.parametrize("hang_up", [False, True])
def test_a_network_camera_that_falls_silent_or_hangs_up(hang_up: bool) -> None:
    with RtspCamera(picture, frames=60, hang_up=hang_up) as camera, open_source(live(camera)) as source:
        with pytest.raises(CameraError, match="power and the network"):
            for _ in range(100):
                source.read()
        assert any(line.startswith("PLAY") for line in camera.seen)


def test_a_camera_that_answers_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.cameras.rtsp.OPEN_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=lambda: [server.accept() for _ in range(2)], daemon=True).start()
        with pytest.raises(CameraError, match="brings no video"):
            open_source(CameraSettings(source=f"rtsp://127.0.0.1:{port}/live"))


@pytest.mark.parametrize(("host", "words"), [
    ("127.0.0.1:1", "Connection refused"), ("no-such-camera.invalid", "name of the camera is not known")])
def test_a_camera_that_cannot_be_reached(host: str, words: str) -> None:
    with pytest.raises(CameraError, match=words) as caught:
        open_source(CameraSettings(source=f"rtsp://owner:geheim@{host}/live"))
    assert "geheim" not in str(caught.value)


def test_what_the_owner_set_for_ffmpeg_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;udp")
    seen: list[str] = []
    opened: Callable[..., Any] = cv2.VideoCapture

    def watching(*arguments: Any) -> Any:
        seen.append(os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"])
        return opened()

    monkeypatch.setattr(cv2, "VideoCapture", watching)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(CameraError, match="brings no video"):
        RtspSource(f"rtsp://127.0.0.1:{server.getsockname()[1]}/", SETTINGS, ManualClock()).open()
    assert seen == ["rtsp_transport;udp"] and os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == "rtsp_transport;udp"
