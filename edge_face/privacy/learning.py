"""How the empty scene is learned and kept while a camera runs.

A place is learned once nothing has moved on it or near it for LEARN seconds while no face was found. After that it only changes
by these rules: slowly, while it does not differ; after SETTLE still seconds where a whole thing that differs has the old texture
(light, shadow); after FURNITURE still seconds where it has another one (a parcel, a parked bicycle, a camera that was moved).
Nobody stands for minutes as still as a wall.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.empty_scene import LEAST_TREMBLE, EmptyScene
from edge_face.types import Box, Floats, Mask

LEARN, SETTLE, FURNITURE = 10.0, 15.0, 300.0
"""Seconds of stillness: see above."""
MOVES, MOVES_TREMBLES = 3.0, 2.5
"""The mean of nine cells has moved from so many grey levels on, and from so many times its trembling."""
REACH = 10
"""Cells around a movement that are not still either."""
FOLLOW = 0.05
"""Share of a new look in the running mean."""
DRIFT = 0.002
"""The same for a place that is known and does not differ."""
EVERY = 1.0
"""Seconds between two looks at what may be learned."""
ALIKE = 0.7
"""Correlation from which two textures are the same."""
FLAT = 1.0
"""Grey levels: less spread of detail around a cell than this is no texture."""
STRANGE = 0.05
"""A thing of which more than this share has another texture is no change of the light."""
WINDOW = 7


class SceneLearner:
    """Keeps the empty scene of one camera. Start with `scene` where it is known already."""

    def __init__(self, scene: EmptyScene | None = None) -> None:
        self._scene = scene
        self._mean: Floats | None = None
        self._last: Floats | None = None
        self._tremble: Floats | None = None
        self._still_since: Floats | None = None
        self._seen: int = 0
        self._looked_at = -np.inf

    @property
    def known(self) -> float:
        """The share of the scene that is known."""
        return 0.0 if self._scene is None else float(self._scene.known.mean())

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Rows and columns of the scene, None as long as there is none."""
        return None if self._scene is None else self._scene.shape

    def scene_for(self, shape: tuple[int, ...]) -> EmptyScene:
        """The scene as it is known now; one of which nothing is known where the camera's pictures have another shape."""
        rows, columns = shape[:2]
        if self._scene is None or self._scene.shape != (rows, columns):
            self._scene = EmptyScene.unknown((rows, columns))
            self._mean = None
        return self._scene

    def look(self, cells: Floats, differs: Mask, faces: Sequence[Box], at: float) -> None:
        """Takes the cells of a frame, which of them differ, and the boxes (in cells) of the faces that were found in it."""
        scene = self.scene_for(cells.shape)
        if self._mean is None or self._last is None or self._tremble is None or self._still_since is None or at < self._looked_at:
            self._mean, self._last = cells.copy(), cells.copy()
            self._tremble = scene.tremble.copy()
            self._still_since = np.full(scene.shape, at, np.float32)
            self._looked_at = at
            return
        # Differences of two looks tremble by the square root of two more; their mean is 0.8 of their deviation.
        step = np.abs(cells - self._last).max(2)
        self._last = cells.copy()
        moved = np.abs(cv2.blur(cells - self._mean, (3, 3))).max(2) > np.maximum(MOVES, MOVES_TREMBLES * self._tremble)
        moved = cv2.dilate(moved.astype(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)).astype(np.bool_)
        for box in faces:
            # A face, and who stands below it.
            left, right = int(max(box.x - 2 * box.width, 0)), int(max(box.x + 3 * box.width, 0)) + 1
            moved[int(max(box.y - 2 * box.height, 0)):int(max(box.y + 8 * box.height, 0)) + 1, left:right] = True
        if faces and self.known < 0.5:
            moved[:] = True
        self._still_since[moved] = at
        self._tremble += FOLLOW * (np.where(moved, self._tremble, 0.9 * step) - self._tremble)
        self._mean += FOLLOW * (cells - self._mean)
        self._mean[moved] = cells[moved]
        same = scene.known & ~differs
        scene.mean[same] += DRIFT * (cells[same] / scene.gain - scene.mean[same])
        if at - self._looked_at >= EVERY:
            self._looked_at = at
            self._learn(scene, differs, at)

    def _learn(self, scene: EmptyScene, differs: Mask, at: float) -> None:
        assert self._mean is not None and self._still_since is not None and self._tremble is not None
        still = at - self._still_since
        self._adopt(scene, ~scene.known & (still >= LEARN))
        changed = differs & scene.known
        count, labels = cv2.connectedComponents(changed.astype(np.uint8), connectivity=8)
        if count <= 1:
            return
        strange = strangers(scene.mean, self._mean)
        for thing in range(1, count):
            place = labels == thing
            least = still[place].min()
            if least >= FURNITURE or (least >= SETTLE and strange[place].mean() <= STRANGE):
                self._adopt(scene, place)

    def _adopt(self, scene: EmptyScene, place: Mask) -> None:
        assert self._mean is not None and self._tremble is not None
        scene.mean[place] = self._mean[place] / scene.gain
        scene.tremble[place] = np.maximum(self._tremble[place], LEAST_TREMBLE)
        scene.known |= place


def strangers(before: Floats, now: Floats) -> Mask:
    """Cells around which two pictures (rows, columns, 3) have another texture: one has some where the other has none, or they do
    not go up and down together. Slopes of light are no texture."""

    def smooth(image: Floats, size: int = WINDOW) -> Floats:
        return np.asarray(cv2.blur(image, (size, size), borderType=cv2.BORDER_REFLECT_101), np.float32)

    a, b = (image - smooth(image, 3) for image in (before.mean(2), now.mean(2)))

    spread_a = np.sqrt(np.maximum(smooth(a * a) - smooth(a) ** 2, 0))
    spread_b = np.sqrt(np.maximum(smooth(b * b) - smooth(b) ** 2, 0))
    together = (smooth(a * b) - smooth(a) * smooth(b)) / np.maximum(spread_a * spread_b, 1e-3)
    less, more = np.minimum(spread_a, spread_b), np.maximum(spread_a, spread_b)
    found: Mask = (more > 2 * less + FLAT) | ((less > FLAT) & (together < ALIKE))
    return found
