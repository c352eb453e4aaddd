"""The last step of every source: turned, mirrored, masked, numbered and stamped. Nothing leaves a source around it."""

from __future__ import annotations

import numpy as np

from edge_face.cameras.masks import Masks
from edge_face.clock import Clock
from edge_face.errors import CameraError
from edge_face.settings import CameraSettings
from edge_face.types import Frame, Image


class Preparation:
    """Makes frames. `turned`: the camera has turned and mirrored the picture already.

    `shrink`: a picture wider than `settings.width` becomes the detail of a smaller one (if a detail is wanted at all).
    """

    def __init__(self, settings: CameraSettings, clock: Clock, *, turned: bool = False, shrink: bool = False) -> None:
        self._masks = Masks(settings.privacy_masks)
        self._clock = clock
        self._flip = None if turned else flip_code(settings)
        self._width = settings.width if shrink else 0
        self._keep_detail = settings.detail_width > settings.width
        self._index = 0

    def frame(self, image: Image, detail: Image | None = None, *, monotonic: float | None = None,
              wall: float | None = None) -> Frame:
        """The next frame from BGR pictures, stamped now unless times are given. The pictures are taken over."""
        image = self._finished(image)
        detail = None if detail is None else self._finished(detail)
        if detail is None and 0 < self._width < image.shape[1]:
            image, detail = self._shrunk(image), image if self._keep_detail else None
        frame = Frame(self._index, self._clock.monotonic() if monotonic is None else monotonic,
                      self._clock.wall() if wall is None else wall, image, detail)
        self._index += 1
        return frame

    def _finished(self, image: Image) -> Image:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise CameraError(f"the camera brings pictures of shape {image.shape} and type {image.dtype}: 8-bit colour is needed")
        if self._flip is not None:
            from edge_face.opencv import cv2

            image = cv2.flip(image, self._flip)
        if self._masks and not image.flags.writeable:
            image = image.copy()
        image = np.ascontiguousarray(image)
        self._masks.paint(image)
        return image

    def _shrunk(self, image: Image) -> Image:
        from edge_face.opencv import cv2

        height = max(1, round(image.shape[0] * self._width / image.shape[1]))
        small: Image = cv2.resize(image, (self._width, height), interpolation=cv2.INTER_AREA)
        # Averaging mixes a mask's edge with its surroundings: painted again, so that its pixels are black here too.
        self._masks.paint(small)
        return small


def flip_code(settings: CameraSettings) -> int | None:
    """OpenCV's flip code for `rotate` and `mirror`: 1 left-right, 0 upside down, -1 both, None neither."""
    if int(settings.rotate) not in (0, 180):
        from edge_face.errors import SettingsError

        raise SettingsError(f"[camera] rotate = {settings.rotate}: 0 and 180 are possible")
    half = int(settings.rotate) == 180
    if half:
        return 0 if settings.mirror else -1
    return 1 if settings.mirror else None
