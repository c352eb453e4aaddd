"""The Pi camera through picamera2: a small stream that is searched for faces, a large one from which they are aligned.

Facts that this file rests on (picamera2's source, read at 0.3.12, 0.3.17, 0.3.22 and 0.3.38):
- The format named "RGB888" lies in memory as blue, green, red: OpenCV's order.
- The second ("lores") stream must be YUV on boards before the Pi 5, and never larger than the main one; both show the
  same part of the sensor when their aspect is the same. As YUV420 it comes with its padding still on (rows of `stride`).
- OpenCV's I420 conversion is BT.601, limited range: so that colour space is asked for (picamera2 would take BT.709).
- A sensor mode is chosen by the raw stream's size: half of the sensor's size is the binned mode with the full view.
- A capture without a timeout blocks for ever when the ribbon cable comes off; "SensorTimestamp" tells a frozen frame.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from typing import Any

from edge_face.cameras.picamera_controls import Exposure, checked_controls
from edge_face.cameras.picamera_errors import explained
from edge_face.cameras.prepare import Preparation
from edge_face.cameras.source import Source, source_limit, stall_limit
from edge_face.clock import Clock
from edge_face.errors import CameraError, MissingExtraError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame, Image

BUFFERS = 4
"""Requests under way: one in our hands, one finished, two being filled."""
_SLOWEST_FRAME = 66_666
"""Microseconds: in the dark a camera of 30 frames a second may go down to 15, for the light."""

_BOXES_LAST = 1.0
"""Seconds: where a face was longer ago than that is not where to meter."""


class PicameraSource(Source):
    """`number`: which Pi camera (USB cameras are not counted). `module`, `libcamera`: stand-ins for the real ones."""

    def __init__(self, settings: CameraSettings, clock: Clock, module: Any = None, libcamera: Any = None,
                 number: int = 0) -> None:
        self.name = "the Pi camera" + (f" {number}" if number else "")
        self._settings, self._clock, self._number = settings, clock, number
        self._module, self._libcamera = module, libcamera
        self._prepare = Preparation(settings, clock, turned=True)
        self._camera: Any = None
        self._formats: dict[str, tuple[str, int, int]] = {}
        self._exposure: Exposure | None = None
        self._boxes: tuple[Box, ...] = ()
        self._boxes_at = 0.0
        self._stamp: int | None = None

    def open(self) -> None:
        self._import()
        try:
            index, model = self._find()
            self._camera = self._module.Picamera2(index, tuning=self._tuning(model))
            configuration = self._configuration()
            self._camera.configure(configuration)
            self._formats = _formats(self._camera.camera_configuration())
            self._exposure = Exposure.for_camera(self._settings, self._camera.camera_controls)
            self._camera.start()
        except Exception as error:
            self.close()
            raise explained(error, self.name) from error

    def read(self) -> Frame:
        if self._camera is None:
            raise CameraError(f"{self.name} is not open")
        limit, said = source_limit(self._settings), stall_limit(self._settings)
        started = self._clock.monotonic()
        while True:
            try:
                pictures = self._capture(limit)
            except Exception as error:
                raise explained(error, self.name, said) from error
            if pictures is not None:
                return self._prepare.frame(*pictures)
            if self._clock.monotonic() - started > limit:
                raise CameraError(f"{self.name} has brought the same picture again and again for {said:g} s: it is frozen "
                                  "(check the ribbon cable and the power supply)")

    def meter(self, boxes: Sequence[Box]) -> None:
        self._boxes, self._boxes_at = tuple(boxes), self._clock.monotonic()

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            # A capture that timed out still waits in picamera2's queue, and stop() would wait behind it for ever.
            with contextlib.suppress(Exception):
                camera.cancel_all_and_flush()
            # A camera that is gone fails here in many ways, and nothing can be done about it.
            with contextlib.suppress(Exception):
                camera.stop()
            with contextlib.suppress(Exception):
                camera.close()

    def _import(self) -> None:
        try:
            self._libcamera = self._libcamera or importlib.import_module("libcamera")
            self._module = self._module or importlib.import_module("picamera2")
        except ImportError as error:
            if error.name in ("picamera2", "libcamera"):
                raise MissingExtraError("picamera2", "pi", apt="python3-picamera2") from error
            raise CameraError(f"picamera2 does not load ({str(error).splitlines()[0]}): run edge-face doctor") from error
        except Exception as error:  # numpy's "dtype size changed" is a ValueError
            raise CameraError(f"picamera2 does not load ({(str(error).splitlines() or [type(error).__name__])[0]}): pip may have "
                              "replaced the system's numpy; run edge-face doctor") from error

    def _find(self) -> tuple[int, str]:
        """The camera's index and model. Raises CameraError."""
        known = list(enumerate(self._module.Picamera2.global_camera_info()))
        ours = [(index, str(info.get("Model", ""))) for index, info in known if "/usb" not in str(info.get("Id", ""))]
        if not ours:
            raise CameraError("no Pi camera is found: check the ribbon cable with the power off, then: rpicam-hello --list-cameras")
        if self._number >= len(ours):
            raise CameraError(f"there is no Pi camera {self._number}: {len(ours)} found, counted from 0 (rpicam-hello --list-cameras)")
        return ours[self._number]

    def _tuning(self, model: str) -> Any:
        """The tuning for a camera without infrared filter; cameras that name themselves so have it already."""
        if not self._settings.noir or model.endswith("_noir"):
            return None
        try:
            return self._module.Picamera2.load_tuning_file(f"{model}_noir.json")
        except RuntimeError:
            raise CameraError(f"[camera] noir = true, but there is no tuning file {model}_noir.json for this camera: set noir = false") \
                from None

    def _configuration(self) -> Any:
        camera, settings = self._camera, self._settings
        small = (settings.width // 2 * 2, settings.height // 2 * 2)
        large = detail_size(settings)
        main = {"format": "RGB888", "size": large or small}
        lores = {"format": self._lores_format(), "size": small} if large else None
        width, height = camera.sensor_resolution
        binned = (width // 2, height // 2)
        raw = binned if binned[0] >= main["size"][0] else (width, height)
        fastest = round(1e6 / settings.fps)
        controls: dict[str, Any] = {}
        if "FrameDurationLimits" in camera.camera_controls:
            controls["FrameDurationLimits"] = (fastest, max(fastest, _SLOWEST_FRAME))
        controls.update(checked_controls(settings.controls, camera.camera_controls, self._libcamera))
        turn = int(settings.rotate) == 180
        transform = self._libcamera.Transform(hflip=int(turn != settings.mirror), vflip=int(turn))
        return camera.create_video_configuration(
            main=main, lores=lores, raw={"size": raw}, transform=transform,
            colour_space=self._libcamera.ColorSpace.Smpte170m(), buffer_count=BUFFERS, controls=controls, queue=False,
            display=None, encode=None)

    def _lores_format(self) -> str:
        platform = getattr(self._module.Picamera2, "platform", None)
        return "RGB888" if getattr(platform, "name", "") == "PISP" else "YUV420"

    def _capture(self, limit: float) -> tuple[Image, Image | None] | None:
        """Image and detail of the next frame; None when its time stamp is the last one's."""
        # 0.3.22 honours the limit; 0.3.17 takes any number as "wait for ever": there the capture process is killed from outside.
        request = self._camera.capture_request(wait=limit)
        try:
            metadata = request.get_metadata()
            stamp = metadata.get("SensorTimestamp")
            if stamp is not None and stamp == self._stamp:
                return None
            self._stamp = stamp
            main = as_bgr(request.make_array("main"), *self._formats["main"])
            lores = as_bgr(request.make_array("lores"), *self._formats["lores"]) if "lores" in self._formats else None
        finally:
            request.release()
        image, detail = (main, None) if lores is None else (lores, main)
        if self._exposure is not None:
            now = self._clock.monotonic()
            boxes = self._boxes if now - self._boxes_at <= _BOXES_LAST else ()
            controls = self._exposure.after(image, boxes, metadata, now)
            if controls:
                self._camera.set_controls(controls)
        return image, detail


def detail_size(settings: CameraSettings) -> tuple[int, int] | None:
    """Size of the main stream: as wide as asked, the aspect of the small one (so that both show the same); None: none."""
    if settings.detail_width <= settings.width:
        return None
    width = settings.detail_width // 2 * 2
    return width, max(2, round(width * settings.height / settings.width / 2) * 2)


def as_bgr(array: Any, form: str, width: int, height: int) -> Image:
    """BGR uint8 from what `make_array` gives for a stream of that format and size. Raises CameraError."""
    import numpy as np

    from edge_face.opencv import cv2

    if form == "RGB888":
        picture = array
    elif form == "BGR888":
        picture = array[:, :, ::-1]
    elif form == "XRGB8888":
        picture = array[:, :, :3]
    elif form == "XBGR8888":
        picture = array[:, :, 2::-1]
    elif form in ("YUV420", "YVU420"):
        # Rows are `stride` long; the chroma rows are half as long in bytes, so the whole converts as a wider picture.
        picture = cv2.cvtColor(array, cv2.COLOR_YUV2BGR_I420 if form == "YUV420" else cv2.COLOR_YUV2BGR_YV12)
    else:
        raise CameraError(f"the Pi camera brings pictures as {form}, which cannot be used")
    return np.ascontiguousarray(picture[:height, :width])


def _formats(configuration: Any) -> dict[str, tuple[str, int, int]]:
    """Format, width and height of each stream as libcamera settled them (it may adjust what was asked)."""
    streams = {name: configuration.get(name) for name in ("main", "lores")}
    return {name: (str(stream["format"]), int(stream["size"][0]), int(stream["size"][1]))
            for name, stream in streams.items() if stream}
