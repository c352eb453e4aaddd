"""What `edge-face blur` looks with: the shipped or chosen models, opened once, only those that are needed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from edge_face.privacy.stills import StillScenes
from edge_face.privacy.watching import CloseDetector, FaceDetector, FrameDetector, SceneMaker, Watcher
from edge_face.settings import Settings
from edge_face.vision.bundle import MODELS, Bundle, load_bundle


class Seeing:
    """Scene makers for videos and stills. `names`: enrolled people who are to stay sharp (`edge_face.privacy.keep`);
    without any, no embedder is loaded and nobody is recognised. `thorough`: videos at full size."""

    def __init__(self, settings: Settings, names: Sequence[str] = (), *, thorough: bool = False) -> None:
        self.settings, self.thorough = settings, thorough
        self.consenting: frozenset[str] = frozenset()

    def video(self) -> SceneMaker:
        """A fresh scene maker: tracks of one video have nothing to do with the next."""
        return Watcher(self._frames(), self.settings.privacy.keep, self.settings.vision.hide_score)

    def stills(self) -> StillScenes:
        """Scenes of single pictures."""
        return StillScenes(CloseDetector(self._detector(640, 480)), self.settings.vision.hide_score)

    def _frames(self) -> FaceDetector:
        if self.thorough:
            return CloseDetector(self._detector(640, 480), turned=False)
        return FrameDetector(self._detector(320, 240), lambda: self._detector(640, 480))

    @functools.cached_property
    def _bundle(self) -> Bundle:
        return load_bundle(Path(self.settings.vision.detector or MODELS / "detector"), "detector")

    @functools.lru_cache(maxsize=4)  # noqa: B019 - lives as long as the command
    def _detector(self, width: int, height: int) -> FaceDetector:
        from edge_face.vision.detector import Detector

        vision = self.settings.vision
        return Detector(self._bundle, width, height, vision.precision, vision.threads)
