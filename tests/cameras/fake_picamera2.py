"""Stand-ins for picamera2 and libcamera that raise, stall and pad as the real ones do (picamera2 0.3.12 to 0.3.38).

The scene is a grey wall with a face in it, lit by `light`; its picture follows exposure and gain three frames late, through
a tone curve, as a sensor's does.
"""

from __future__ import annotations

import concurrent.futures
import enum
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from edge_face.clock import Clock

PIPELINE = 3
"""Frames until controls take effect."""


class Platform(enum.Enum):
    VC4 = 0
    PISP = 1


class Transform:
    def __init__(self, hflip: int = 0, vflip: int = 0, transpose: int = 0) -> None:
        self.hflip, self.vflip, self.transpose = bool(hflip), bool(vflip), bool(transpose)


class ColorSpace:
    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def Smpte170m(cls) -> ColorSpace:
        return cls("Smpte170m")


def fake_libcamera() -> Any:
    return SimpleNamespace(Transform=Transform, ColorSpace=ColorSpace,
                           controls=SimpleNamespace(AwbModeEnum=SimpleNamespace(Indoor=4, Daylight=5)))


@dataclass
class World:
    """What happens to the fake camera, and what it was told."""

    clock: Clock
    platform: Platform | None = Platform.VC4
    cameras: list[dict[str, Any]] = field(
        default_factory=lambda: [{"Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a", "Num": 0}])
    sensor: tuple[int, int] = (4608, 2592)
    busy: bool = False
    forbidden: bool = False
    start_fails: str = ""
    hangs_after: int | None = None
    fails_after: int | None = None
    freezes_after: int | None = None
    old_wait: bool = False
    """0.3.17 and before take every number of seconds as "for ever"."""
    tuning_files: tuple[str, ...] = ("imx708_noir.json",)
    light: float = 1.0
    gamma: float = 2.2
    face: tuple[int, int, int, int] = (200, 120, 200, 240)
    face_reflects: float = 0.3
    wall_reflects: float = 0.3
    # what was done to it
    configuration: dict[str, Any] = field(default_factory=dict)
    tuning: Any = None
    told: list[dict[str, Any]] = field(default_factory=list)
    requests_out: int = 0
    closed: int = 0
    opened: list[int] = field(default_factory=list)
    hung_in_stop: bool = False
    frames: int = 0


class Request:
    def __init__(self, camera: Camera, stamp: int, exposure: float, gain: float) -> None:
        self._camera, self._released = camera, False
        self._meta = {"SensorTimestamp": stamp, "ExposureTime": int(exposure), "AnalogueGain": gain, "DigitalGain": 1.0, "Lux": 12.0}
        self._level = exposure * gain
        camera.world.requests_out += 1

    def get_metadata(self) -> dict[str, Any]:
        assert not self._released
        return dict(self._meta)

    def make_array(self, name: str) -> Any:
        assert not self._released
        stream = self._camera.settled.get(name)
        if stream is None:
            raise RuntimeError(f"Stream {name!r} is not defined")
        width, height = stream["size"]
        picture = self._camera.scene(width, height, self._level)
        if stream["format"] == "RGB888":
            return picture
        if stream["format"] == "XBGR8888":
            return np.dstack([picture[:, :, ::-1], np.full(picture.shape[:2], 255, np.uint8)])
        assert stream["format"] == "YUV420"
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        stride = stream["stride"]
        out = np.full((height * 3 // 2, stride), 200, np.uint8)  # padding is not zero in real buffers
        out[:height, :width] = planes[:height]
        rows = out[height:].reshape(height, stride // 2)
        rows[:, : width // 2] = planes[height:].reshape(height, width // 2)
        return out

    def release(self) -> None:
        assert not self._released, "CompletedRequest: lock now has negative ref_count"
        self._released = True
        self._camera.world.requests_out -= 1


class Camera:
    """One Picamera2 object; made by the class that `fake_picamera2` returns."""

    def __init__(self, world: World, number: int, tuning: Any) -> None:
        self.world = world
        world.tuning = tuning
        if number >= len(world.cameras):
            raise IndexError("list index out of range")  # as 0.3.22; 0.3.38 raises RuntimeError: "No camera number 0 found"
        if world.forbidden:
            raise PermissionError(13, "Permission denied", "/dev/dma_heap/linux,cma")
        if world.busy:
            try:
                raise RuntimeError("Failed to acquire camera: Device or resource busy")
            except RuntimeError as error:
                raise RuntimeError("Camera __init__ sequence did not complete.") from error
        world.opened.append(number)
        self.sensor_resolution = world.sensor
        self.camera_controls = {
            "ExposureTime": (26, 112_015_000, 20_000), "AnalogueGain": (1.0, 16.0, 1.0), "AeEnable": (False, True, True),
            "FrameDurationLimits": (8_000, 112_000_000, 33_333), "Sharpness": (0.0, 16.0, 1.0), "AwbMode": (0, 7, 0),
            "ScalerCrop": ((0, 0, 64, 64), (0, 0, 4608, 2592), (0, 0, 4608, 2592))}
        self.settled: dict[str, Any] = {}
        self._started = False
        self._pending = 0
        self._in_force: list[tuple[float, float]] = [(10_000.0, 2.0)] * (PIPELINE + 1)
        self._manual: tuple[float, float] | None = None

    def create_video_configuration(self, main: dict[str, Any], lores: dict[str, Any] | None, raw: dict[str, Any], transform: Transform,
                                   colour_space: ColorSpace, buffer_count: int, controls: dict[str, Any], queue: bool,
                                   display: str | None, encode: str | None) -> dict[str, Any]:
        for stream in (main, lores):
            unknown = set(stream or {}) - {"format", "size", "stride", "preserve_ar"}
            if unknown:
                raise ValueError(f"Bad key {unknown!r}")
        for name in controls:
            self._check(name)
        assert isinstance(transform, Transform) and isinstance(colour_space, ColorSpace)
        return {"main": main, "lores": lores, "raw": raw, "transform": transform, "colour_space": colour_space,
                "buffer_count": buffer_count, "controls": controls, "queue": queue, "display": display, "encode": encode}

    def _check(self, name: str) -> None:
        if name not in self.camera_controls:
            raise RuntimeError(f"Control {name} is not advertised by libcamera")

    def configure(self, configuration: dict[str, Any]) -> None:
        main, lores = configuration["main"], configuration["lores"]
        for stream in (main, lores):
            if stream and (stream["size"][0] % 2 or stream["size"][1] % 2):
                raise RuntimeError("width and height should be even")
        if lores:
            if lores["size"][0] > main["size"][0] or lores["size"][1] > main["size"][1]:
                raise RuntimeError("lores stream dimensions may not exceed main stream")
            if self.world.platform is not Platform.PISP and lores["format"] != "YUV420":
                raise RuntimeError("lores stream must be YUV")
        self.world.configuration = configuration
        for name in ("main", "lores"):
            stream = configuration[name]
            if stream:
                bytes_each = 1 if stream["format"] == "YUV420" else 3
                stride = -(-stream["size"][0] * bytes_each // 64) * 64
                self.settled[name] = {**stream, "stride": stride, "framesize": 0}

    def camera_configuration(self) -> dict[str, Any]:
        return {"lores": None, **self.settled}

    def start(self) -> None:
        if self.world.start_fails:
            raise RuntimeError(self.world.start_fails)
        assert self.settled, "Camera has not been configured"
        self._started = True
        self.set_controls(self.world.configuration["controls"])

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            self._check(name)
        self.world.told.append(dict(controls))
        if controls.get("AeEnable") is True:
            self._manual = None
        elif controls.get("ExposureTime") and controls.get("AnalogueGain"):
            self._manual = (float(controls["ExposureTime"]), float(controls["AnalogueGain"]))

    def capture_request(self, wait: Any = None) -> Request:
        assert self._started
        world = self.world
        if world.hangs_after is not None and world.frames >= world.hangs_after:
            self._pending += 1
            assert wait is not None, "the real one would never return"
            world.clock.sleep(1e6 if world.old_wait else wait)
            raise concurrent.futures.TimeoutError()
        if world.fails_after is not None and world.frames >= world.fails_after:
            raise RuntimeError("Camera frontend has timed out!")
        world.frames += 1
        world.clock.sleep(1 / 30)
        shown = world.frames if world.freezes_after is None else min(world.frames, world.freezes_after)
        self._in_force.append(self._manual or self._automatic())
        exposure, gain = self._in_force[-1 - PIPELINE]
        return Request(self, 1_000_000_000 + shown * 33_333_000, exposure, gain)

    def _automatic(self) -> tuple[float, float]:
        """The camera's own automatic: it makes the wall middle grey."""
        total = 0.5**self.world.gamma / max(self.world.wall_reflects * self.world.light, 1e-9) * 40_000
        return min(total, 33_333.0), max(1.0, min(16.0, total / 33_333.0))

    def scene(self, width: int, height: int, level: float) -> Any:
        world = self.world

        def tone(reflects: float) -> int:
            return round(255 * min(reflects * world.light * level / 40_000, 1.0) ** (1 / world.gamma))

        picture = np.empty((height, width, 3), np.uint8)
        wall, face = tone(world.wall_reflects), tone(world.face_reflects)
        picture[:] = (wall, wall // 2, wall // 4)
        scale = width / 640
        x, y, w, h = (round(v * scale) for v in world.face)
        picture[y: y + h, x: x + w] = face
        return picture

    def cancel_all_and_flush(self) -> None:
        self._pending = 0

    def stop(self) -> None:
        if self._pending:
            self.world.hung_in_stop = True  # the job of stopping waits behind the capture that never ends
        self._started = False

    def close(self) -> None:
        self.world.closed += 1


def fake_picamera2(world: World) -> Any:
    """A module-like object with a `Picamera2` class."""

    class Picamera2(Camera):
        if world.platform is not None:  # 0.3.12 has no such attribute
            platform = world.platform

        def __init__(self, camera_num: int = 0, tuning: Any = None) -> None:
            super().__init__(world, camera_num, tuning)

        @staticmethod
        def global_camera_info() -> list[dict[str, Any]]:
            return world.cameras

        @staticmethod
        def load_tuning_file(name: str, dir: str | None = None) -> dict[str, Any]:
            if name not in world.tuning_files:
                raise RuntimeError("Tuning file not found")
            return {"version": 2.0, "name": name}

    return SimpleNamespace(Picamera2=Picamera2)
