"""A USB camera by Video4Linux, through OpenCV: MJPEG where the camera has it, one buffer, so that frames are fresh."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Any

from edge_face.cameras.stream import CaptureSource
from edge_face.clock import Clock
from edge_face.errors import CameraError, SettingsError
from edge_face.settings import CameraSettings


class UsbSource(CaptureSource):
    """`device` is a path such as /dev/video0. `capture` makes a cv2.VideoCapture from a path (a seam for tests).

    `settings.controls` name OpenCV's capture properties without their prefix, as { BACKLIGHT = 1 }.
    """

    def __init__(self, device: str, settings: CameraSettings, clock: Clock,
                 capture: Callable[[str], Any] | None = None) -> None:
        super().__init__(device, settings, clock)
        self._device, self._new_capture = device, capture

    def _opened(self) -> Any:
        if self._new_capture is None:
            _check_device(self._device)
        capture = (self._new_capture or _v4l2_capture)(self._device)
        try:
            if not capture.isOpened():
                raise CameraError(f"{self.name} cannot be started: another program is using it (fuser -v {self.name} says which) "
                                  "or it is no camera ('edge-face cameras' lists them)")
            self._configure(capture)
        except BaseException:
            capture.release()
            raise
        return capture

    def _configure(self, capture: Any) -> None:
        from edge_face.opencv import cv2

        # Format before size, size before rate: drivers forget the later ones when an earlier one changes.
        capture.set(cv2.CAP_PROP_FOURCC, int.from_bytes(b"MJPG", "little"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings.height)
        capture.set(cv2.CAP_PROP_FPS, self._settings.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        for name, value in self._settings.controls.items():
            number = getattr(cv2, f"CAP_PROP_{name.upper()}", None)
            if number is None:
                raise SettingsError(f"[camera] controls: OpenCV has no capture property '{name}' (BRIGHTNESS, BACKLIGHT, "
                                    "AUTO_EXPOSURE, ... are some)")
            if isinstance(value, str) or not isinstance(value, (int, float)):
                raise SettingsError(f"[camera] controls: {name} takes a number")
            if not capture.set(number, float(value)):
                raise SettingsError(f"[camera] controls: {self.name} does not take {name} = {value:g} (v4l2-ctl -d {self.name} -L "
                                    "lists what it takes)")

    def _lost(self) -> str:
        return "check its plug and its cable (dmesg says whether the camera went away)"


def _v4l2_capture(device: str) -> Any:
    from edge_face.opencv import cv2

    return cv2.VideoCapture(device, cv2.CAP_V4L2)


def _check_device(device: str) -> None:
    """Opens and closes the node, to be able to say what is wrong with it. Raises CameraError."""
    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            raise CameraError(f"{device} is not there: plug the camera in ('edge-face cameras' lists what is there)") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise CameraError(f"{device} may not be opened: sudo usermod -aG video $USER, then log in again") from None
        if error.errno == errno.EBUSY:
            raise CameraError(f"{device} is in use by another program: fuser -v {device} says which") from None
        raise CameraError(f"{device} cannot be opened: {error.strerror or error}") from None
    try:
        if not stat.S_ISCHR(os.fstat(handle).st_mode):
            raise CameraError(f"{device} is no camera: 'edge-face cameras' lists what is there")
    finally:
        os.close(handle)
