"""Strict mode, for a fixed camera over public ground: whatever differs from the empty scene is hidden, whether a detector finds a
face in it or not. Of a known, consenting person the face stays sharp, and nothing else: before the body may stand somebody whom
nobody found.

Until the empty scene is learned the whole picture is hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from edge_face.errors import MediaError
from edge_face.privacy.blobs import regions_of, solid
from edge_face.privacy.empty_scene import EmptyScene, cells_of
from edge_face.privacy.learning import SceneLearner
from edge_face.privacy.regions import Region, everything
from edge_face.types import Box, Floats, Image, Mask, Scene

HOLD = 0.5
"""Seconds for which a cell stays hidden after it last differed."""
FACE_SHOWN = 1.25
"""What is left open for a known face, in sizes of its box: less than the region that would hide it."""
MOST = 0.6
"""From this share of the picture on all of it is hidden: a light went on, the camera was moved, or somebody stands before it."""


class Strict:
    """Frames of one camera, or of one video, in order; `regions` gives what is hidden besides the hider's own regions.

    `empty`: the scene, where it is known; else it is learned from what the camera sees while nothing moves and no face is found
    (`SceneLearner`), and goes on being learned as light and furniture change. `learn` False: the given scene stays as it is, as
    for a single video; `regions` then raises MediaError for a picture of another size.
    """

    def __init__(self, empty: EmptyScene | None = None, *, learn: bool = True) -> None:
        self._learner = SceneLearner(empty)
        self._learn = learn
        self._hidden_at: Floats | None = None
        self._before: Mask | None = None

    @property
    def ready(self) -> float:
        """The share of the picture of which the empty scene is known."""
        return self._learner.known

    def regions(self, image: Image, scene: Scene, hidden: Sequence[Region]) -> tuple[Region, ...]:
        """What is hidden because it differs. `hidden`: the hider's regions of this scene; the tracks without one are shown."""
        height, width = image.shape[:2]
        cells, at = cells_of(image), scene.monotonic
        if not self._learn and self._learner.shape not in (None, cells.shape[:2]):
            raise MediaError(f"the empty scene was taken at another size than {width} x {height}: take it with the same camera, as it "
                             "stands and as it is set now")
        empty = self._learner.scene_for(cells.shape[:2])
        differs = empty.differs(cells, self._before if self._before is not None and self._before.shape == empty.shape else None)
        self._before = differs
        if self._learn:
            faces = [_in_cells(t.box, width, height, cells.shape) for t in scene.tracks]
            self._learner.look(cells, differs, faces, at)
        mask = self._held(solid(differs), at)
        if mask.mean() > MOST:
            return (everything(width, height, "differs from the empty scene" if empty.known.mean() > 0.5 else "not learned yet"),)
        return regions_of(mask, width, height, shown_faces(scene, hidden))

    def _held(self, mask: Mask, at: float) -> Mask:
        """What differs, or did a moment ago."""
        if self._hidden_at is None or self._hidden_at.shape != mask.shape:
            self._hidden_at = np.full(mask.shape, -np.inf, np.float32)
        self._hidden_at[mask] = at
        found: Mask = (at - self._hidden_at <= HOLD) & (at >= self._hidden_at)
        return found | mask


def shown_faces(scene: Scene, hidden: Sequence[Region]) -> list[Box]:
    """What is left open of the tracks that no region hides; nothing where that meets a hidden face."""
    covered: Collection[int | None] = {r.track for r in hidden}
    if any(r.whole for r in hidden):
        return []
    open_ = [t.box.grown(FACE_SHOWN) for t in scene.tracks if t.id not in covered]
    return [box for box in open_ if all(box.intersection(r.box) == 0 or r.source == "weak" for r in hidden)]


def _in_cells(box: Box, width: int, height: int, shape: tuple[int, ...]) -> Box:
    return box.scaled(shape[1] / width, shape[0] / height)
