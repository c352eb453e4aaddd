"""What `edge-face blur` looks with: the shipped or chosen models, opened once, only those that are needed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge_face.privacy.stills import StillScenes
from edge_face.privacy.watching import CloseDetector, FaceDetector, FrameDetector, SceneMaker, Watcher
from edge_face.settings import Settings
from edge_face.vision.bundle import Bundle, load_bundle

if TYPE_CHECKING:
    from edge_face.privacy.keep import Kept
    from edge_face.vision.embedder import Embedder


class Seeing:
    """Scene makers for videos and stills.

    `names`: enrolled people who are to stay sharp; without any, no embedder is loaded and nobody is recognised.
    `thorough`: videos are looked at in full size. `consenting`: the ids of the people named. Raises PeopleError,
    StoreError and ModelError at once, before any work.
    """

    def __init__(self, settings: Settings, names: Sequence[str] = (), *, thorough: bool = False) -> None:
        self.settings, self.thorough = settings, thorough
        self.consenting: frozenset[str] = frozenset()
        self._kept: Kept | None = None
        if names:
            from edge_face.privacy.keep import kept_people

            bundle = load_bundle(settings.vision.embedder, "embedder")
            self._kept = kept_people(settings, names, bundle.model_id, bundle.thresholds)
            self.consenting = self._kept.consenting

    def video(self) -> SceneMaker:
        """A fresh scene maker: tracks of one video have nothing to do with the next."""
        if self._kept is None:
            return Watcher(self.frames(), self.settings.privacy.keep, self.settings.vision.hide_score)
        from edge_face.vision.pipeline import VisionPipeline

        return VisionPipeline(self.settings, self.frames(), self._embedder, self._kept.gallery)

    def stills(self) -> StillScenes:
        """Scenes of single pictures."""
        detector = CloseDetector(self._detector(640, 480))
        if self._kept is None:
            return StillScenes(detector, self.settings.vision.hide_score)
        from edge_face.privacy.keep import PeopleInStills

        return PeopleInStills(detector, self._embedder, self._kept, self.settings)

    def frames(self) -> FaceDetector:
        """The detector for frames of videos."""
        if self.thorough:
            return CloseDetector(self._detector(640, 480), turned=False)
        return FrameDetector(self._detector(320, 240), lambda: self._detector(640, 480))

    @functools.cached_property
    def _bundle(self) -> Bundle:
        return load_bundle(self.settings.vision.detector, "detector")

    @functools.cached_property
    def _embedder(self) -> Embedder:
        from edge_face.vision.embedder import Embedder

        vision = self.settings.vision
        return Embedder(load_bundle(vision.embedder, "embedder"), vision.precision, vision.threads)

    @functools.lru_cache(maxsize=4)  # noqa: B019 - lives as long as the command
    def _detector(self, width: int, height: int) -> FaceDetector:
        from edge_face.vision.detector import Detector

        vision = self.settings.vision
        # Hiding asks where a face is, not where its eyes are: only who is to stay sharp gets the closer look.
        landmarker = None if self._kept is None else vision.landmarker
        return Detector(self._bundle, width, height, vision.precision, vision.threads, landmarker)
