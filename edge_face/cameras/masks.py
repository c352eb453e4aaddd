"""Static privacy masks: areas of the picture that are painted black before anything else sees a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_face.errors import SettingsError
from edge_face.types import Image


class Masks:
    """Rectangles as shares of the picture (x, y, width, height, each 0 to 1), as it stands after turning and mirroring.

    Raises SettingsError for anything else, as a mask that is silently dropped would show what it was to hide.
    """

    def __init__(self, shares: Sequence[Sequence[float]]) -> None:
        self._shares = tuple(self._checked(number, mask) for number, mask in enumerate(shares, 1))

    def __bool__(self) -> bool:
        return bool(self._shares)

    def pixels(self, width: int, height: int) -> list[tuple[int, int, int, int]]:
        """Left, top, right, bottom of each mask, rounded outwards: a mask never covers less than its share."""
        out: list[tuple[int, int, int, int]] = []
        for x, y, w, h in self._shares:
            # 1e-9: shares such as 0.1 + 0.2 must not lose or gain a pixel by their last binary digit.
            left, top = math.floor(x * width + 1e-9), math.floor(y * height + 1e-9)
            right, bottom = math.ceil((x + w) * width - 1e-9), math.ceil((y + h) * height - 1e-9)
            out.append((left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)))
        return out

    def paint(self, image: Image) -> None:
        """Blackens the masks in place."""
        for left, top, right, bottom in self.pixels(image.shape[1], image.shape[0]):
            image[top:bottom, left:right] = 0

    @staticmethod
    def _checked(number: int, mask: Sequence[float]) -> tuple[float, float, float, float]:
        try:
            x, y, w, h = (float(value) for value in mask)
        except (TypeError, ValueError):
            raise SettingsError(f"[camera] privacy_masks: mask {number} is not [x, y, width, height]") from None
        fine = all(math.isfinite(v) and 0 <= v <= 1 for v in (x, y, w, h)) and w > 0 and h > 0 and x < 1 and y < 1
        if not fine:
            raise SettingsError(f"[camera] privacy_masks: mask {number} is not inside the picture: x, y, width and height are "
                                "shares from 0 to 1, width and height above 0")
        return x, y, w, h
