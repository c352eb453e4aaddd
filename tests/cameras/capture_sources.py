"""Sources that behave, and sources that fail in the ways cameras do. Run in real capture processes ("capture_sources:name")."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from fake_picamera2 import World, fake_libcamera, fake_picamera2

from edge_face.cameras.picamera import PicameraSource
from edge_face.cameras.prepare import Preparation
from edge_face.cameras.source import Source, SourceEnded
from edge_face.clock import Clock
from edge_face.errors import CameraError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame

Step = Callable[["Scripted", int], None]


class Scripted(Source):
    """Frames whose every byte is their number (image) and its complement (detail); `script` runs before each frame."""

    def __init__(self, settings: CameraSettings, clock: Clock, script: Step, period: float = 0.02) -> None:
        self.name = "scripted"
        self.boxes: list[Box] = []
        self._clock, self._script, self._period = clock, script, period
        self._prepare = Preparation(settings, clock)
        self._count = 0
        self._size = (settings.height, settings.width)
        self.larger = 0

    def open(self) -> None:
        self._script(self, -1)

    def read(self) -> Frame:
        self._clock.sleep(self._period)
        self._script(self, self._count)
        height, width = self._size
        value = self._count % 251
        image = np.full((height + self.larger, width, 3), value, np.uint8)
        detail = np.full((2 * height, 2 * width, 3), 255 - value, np.uint8)
        if self.boxes:
            image[:] = int(self.boxes[0].x)
        self._count += 1
        return self._prepare.frame(image, detail)

    def meter(self, boxes: Sequence[Box]) -> None:
        self.boxes = list(boxes)

    def close(self) -> None:
        pass


def steady(settings: CameraSettings, clock: Clock) -> Source:
    return Scripted(settings, clock, lambda source, number: None)


def quick(settings: CameraSettings, clock: Clock) -> Source:
    return Scripted(settings, clock, lambda source, number: None, period=0.0)


def growing(settings: CameraSettings, clock: Clock) -> Source:
    def script(source: Scripted, number: int) -> None:
        source.larger = (number // 10) * 64

    return Scripted(settings, clock, script, period=0.002)


def hanging(settings: CameraSettings, clock: Clock) -> Source:
    """After ten frames it hangs as a driver does: SIGTERM does not end it."""
    def script(source: Scripted, number: int) -> None:
        if number == 10:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            time.sleep(600)

    return Scripted(settings, clock, script)


def hanging_at_open(settings: CameraSettings, clock: Clock) -> Source:
    def script(source: Scripted, number: int) -> None:
        if number < 0:
            time.sleep(600)

    return Scripted(settings, clock, script)


def dying(settings: CameraSettings, clock: Clock) -> Source:
    """After ten frames the process is gone, as by a fault in a library."""
    def script(source: Scripted, number: int) -> None:
        if number == 10:
            os.kill(os.getpid(), signal.SIGSEGV)

    return Scripted(settings, clock, script)


def freezing(settings: CameraSettings, clock: Clock) -> Source:
    """What a source does that sees the same time stamp for too long."""
    def script(source: Scripted, number: int) -> None:
        if number == 10:
            raise CameraError("scripted has brought the same picture again and again: rtsp://user:secret@10.0.0.1/path")

    return Scripted(settings, clock, script)


def absent(settings: CameraSettings, clock: Clock) -> Source:
    def script(source: Scripted, number: int) -> None:
        raise CameraError("there is no such camera: plug it in")

    return Scripted(settings, clock, script)


def broken(settings: CameraSettings, clock: Clock) -> Source:
    def script(source: Scripted, number: int) -> None:
        if number == 3:
            raise KeyError("a fault of our own")

    return Scripted(settings, clock, script)


def ending(settings: CameraSettings, clock: Clock) -> Source:
    def script(source: Scripted, number: int) -> None:
        if number == 5:
            raise SourceEnded("scripted is at its end")

    return Scripted(settings, clock, script)


def chatty(settings: CameraSettings, clock: Clock) -> Source:
    """Prints more than a pipe holds before each frame."""
    def script(source: Scripted, number: int) -> None:
        sys.stderr.write("noise of a library\n" * 8000)
        sys.stderr.flush()

    return Scripted(settings, clock, script)


def black(settings: CameraSettings, clock: Clock) -> Source:
    """Perfect darkness: every frame is the same, and none is a fault."""
    source = Scripted(settings, clock, lambda source, number: None)
    source.boxes = [Box(0, 0, 1, 1)]
    return source


def childbearing(settings: CameraSettings, clock: Clock) -> Source:
    """Its process id is in the picture (little endian), so that a test can look for it."""
    def script(source: Scripted, number: int) -> None:
        source.boxes = []

    source = Scripted(settings, clock, script)
    read = source.read

    def with_pid() -> Frame:
        frame = read()
        frame.image[0, :4, 0] = list(os.getpid().to_bytes(4, "little"))
        return frame

    source.read = with_pid  # type: ignore[method-assign]
    return source


def pi_camera_freezing(settings: CameraSettings, clock: Clock) -> Source:
    """The real adapter over a stand-in whose time stamp stands still after ten frames."""
    return PicameraSource(settings, clock, fake_picamera2(World(clock, freezes_after=10)), fake_libcamera())


def pi_camera_hanging(settings: CameraSettings, clock: Clock) -> Source:
    """The same over one whose capture never returns, as old releases do when the ribbon cable comes off."""
    return PicameraSource(settings, clock, fake_picamera2(World(clock, hangs_after=10, old_wait=True)), fake_libcamera())
