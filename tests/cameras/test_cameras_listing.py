"""Which cameras there are: answers of the kernel as bytes, a made-up /sys, stand-ins for picamera2."""

from __future__ import annotations

import errno
import struct
from pathlib import Path
from typing import Any

import pytest
from fake_picamera2 import World, fake_picamera2

from edge_face.cameras import CameraInfo, list_cameras
from edge_face.cameras.v4l2 import Node, probe
from edge_face.clock import ManualClock

MJPG, YUYV = b"MJPG", b"YUYV"
WEBCAM = Node("uvcvideo", "HD Webcam", True, {"MJPG": ((640, 480), (1920, 1080))})


class Kernel:
    """Answers ioctl(2) as linux/videodev2.h lays it out."""

    def __init__(self, driver: str, card: str, capabilities: int, formats: dict[bytes, list[tuple[int, int]] | None]) -> None:
        self._driver, self._card, self._capabilities, self._formats = driver, card, capabilities, formats

    def __call__(self, handle: int, request: int, buffer: bytearray) -> int:
        kind, size = request & 0xFF, (request >> 16) & 0x3FFF
        assert len(buffer) == size, "a buffer of another size than the kernel writes would be overrun"
        if kind == 0:
            buffer[:] = struct.pack("=16s32s32sIII3I", self._driver.encode(), self._card.encode(), b"usb-1", 6, 0x84A00001,
                                    self._capabilities, 0, 0, 0)
        elif kind == 2:
            index, = struct.unpack_from("=I", buffer)
            if index >= len(self._formats):
                raise OSError(errno.EINVAL, "Invalid argument")
            buffer[44:48] = list(self._formats)[index]
        elif kind == 74:
            index, code = struct.unpack_from("=I4s", buffer)
            sizes = self._formats[code]
            if sizes is None and index == 0:
                buffer[8:] = struct.pack("=I24xII", 3, 0, 0)[: len(buffer) - 8]
            elif sizes is None or index >= len(sizes):
                raise OSError(errno.EINVAL, "Invalid argument")
            else:
                buffer[8:20] = struct.pack("=III", 1, *sizes[index])
        return 0


def ask(kernel: Kernel) -> Node:
    return probe("/dev/null", kernel)


def test_a_webcam_with_its_formats() -> None:
    node = ask(Kernel("uvcvideo", "Käfer-Cam", 0x04200001, {MJPG: [(1920, 1080), (640, 480)], YUYV: None}))
    assert node == Node("uvcvideo", "Käfer-Cam", True, {"MJPG": ((640, 480), (1920, 1080)), "YUYV": ()})
    assert node.is_camera


@pytest.mark.parametrize(("driver", "capabilities", "formats"), [
    ("uvcvideo", 0x04A00000, {MJPG: None}), ("bcm2835-codec", 0x04000001, {MJPG: None}), ("pispbe", 0x04000001, {MJPG: None}),
    ("uvcvideo", 0x00000001, {MJPG: None}), ("uvcvideo", 0x04000001, {})])
def test_nodes_that_are_no_cameras(driver: str, capabilities: int, formats: dict[bytes, Any]) -> None:
    assert not ask(Kernel(driver, "x", capabilities, formats)).is_camera


def test_a_file_that_is_no_video_node_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        probe("/dev/null")
    with pytest.raises(OSError):
        probe(str(tmp_path / "video0"))


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    for name in ("video0", "video1", "video10", "video2", "v4l-subdev0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(f"Card of {name}\n")
    return tmp_path


def test_usb_cameras_by_number_with_their_best_sizes(sysfs: Path) -> None:
    def answer(device: str) -> Node:
        if device.endswith("video1"):
            return Node("uvcvideo", "metadata", False, {})
        if device.endswith("video2"):
            raise OSError(errno.EIO, "gone")
        return WEBCAM

    found = list_cameras(None, sysfs, Path("/dev"), answer)
    assert found == [CameraInfo("usb:0", "HD Webcam", ("MJPG 1920x1080",)), CameraInfo("usb:10", "HD Webcam", ("MJPG 1920x1080",))]


def test_a_camera_that_may_not_be_opened_is_listed_with_the_way_out(sysfs: Path) -> None:
    def answer(device: str) -> Node:
        raise PermissionError(errno.EACCES, "Permission denied")

    found = list_cameras(None, sysfs, Path("/dev"), answer)
    assert [c.source for c in found] == ["usb:0", "usb:1", "usb:2", "usb:10"]
    assert found[0].name == "Card of video0" and "usermod -aG video" in found[0].problem


def test_pi_cameras_come_first_and_usb_ones_are_not_theirs(tmp_path: Path) -> None:
    world = World(ManualClock())
    world.cameras += [{"Model": "imx219", "Id": "/base/soc/i2c@0/imx219@10", "Num": 1}, {"Model": "C920", "Id": "/base/usb@1", "Num": 2}]
    found = list_cameras(fake_picamera2(world), tmp_path)
    assert found == [CameraInfo("picamera2", "imx708"), CameraInfo("picamera2:1", "imx219")]


def test_a_libcamera_that_fails_hides_no_usb_camera(sysfs: Path) -> None:
    class Broken:
        class Picamera2:
            @staticmethod
            def global_camera_info() -> list[Any]:
                raise RuntimeError("libcamera: no pipeline handlers")

    assert len(list_cameras(Broken, sysfs, Path("/dev"), lambda device: WEBCAM)) == 4


def test_nothing_there(tmp_path: Path) -> None:
    assert list_cameras(None, tmp_path / "none") == []
