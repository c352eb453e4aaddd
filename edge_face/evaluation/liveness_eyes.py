"""The door's vision as `edge-face eval liveness` runs it: detector, tracker and attack detection of the bundles asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from edge_face.evaluation.embedding_run import INPUT
from edge_face.evaluation.liveness_run import Nobody
from edge_face.settings import LivenessSettings, Settings
from edge_face.types import Box, Image
from edge_face.vision.bundle import Bundle, load_bundle
from edge_face.vision.live_looks import Live

if TYPE_CHECKING:
    from edge_face.vision.detector import Detector
    from edge_face.vision.pipeline import VisionPipeline


class Judge(Live, Protocol):
    """Attack detection with its thresholds (edge_face.vision.live.LivenessJudge)."""

    threshold: float
    attack_threshold: float
    still_threshold: float
    network_threshold: float

    def still(self, image: Image, box: Box) -> float: ...

    def network(self, image: Image, box: Box) -> float: ...

    def texture(self, image: Image, box: Box) -> float | None: ...


SCORES = ("fused", "network", "texture")
"""What can judge a picture: all that it shows, the network alone, the micro-texture alone."""
WORDS = {"fused": "all that they show", "network": "the network alone", "texture": "their texture alone"}
MIDDLE = 0.5
"""Micro-texture alone has no measured rates: its threshold is the line itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """The bundles, the precision and the judge; `landmarker` None: the detector's own landmarks."""

    bundle: Bundle
    detector: Bundle
    landmarker: str | None
    precision: str
    judge: Judge
    settings: Settings
    score: str = SCORES[0]
    """Of pictures; clips are judged as at the door."""

    @classmethod
    def load(cls, liveness: str = "", detector: str = "", landmarker: str = "", precision: str = "int8", bpcer: float = 0.05,
             score: str = SCORES[0]) -> Eyes:
        """Folders of bundles (empty: the shipped ones; landmarker "none": none); `score`: what judges pictures. Raises ModelError."""
        from edge_face.vision.live import LivenessJudge

        bundle = load_bundle(liveness, "liveness")
        settings = replace(Settings(), liveness=LivenessSettings(bpcer=bpcer))
        return cls(bundle, load_bundle(detector, "detector"), None if landmarker == "none" else landmarker, precision,
                   LivenessJudge(bundle, precision, bpcer=bpcer), settings, score)

    def picture(self) -> tuple[Callable[[Image, Box], float | None], float]:
        """What judges a picture, 0 to 1, and below which score it is an attack."""
        judge = self.judge
        return {"fused": (judge.still, judge.still_threshold), "network": (judge.network, judge.network_threshold),
                "texture": (judge.texture, MIDDLE)}[self.score]

    def pipeline(self) -> VisionPipeline:
        """The door's pipeline at the default settings, which knows nobody."""
        from edge_face.vision.pipeline import VisionPipeline

        width, height = (int(side) for side in self.settings.vision.input.split("x"))
        nobody = Nobody()
        return VisionPipeline(self.settings, self._detector(width, height), nobody, nobody, live=self.judge)

    def finder(self) -> Detector:
        """For stills."""
        return self._detector(*INPUT)

    def _detector(self, width: int, height: int) -> Detector:
        from edge_face.vision.detector import Detector

        return Detector(self.detector, width, height, self.precision, landmarker=self.landmarker)

    def thresholds(self, *, clips: bool, stills: bool) -> dict[str, float]:
        """The door's own, below which it calls an attack, of what is measured: the fused score of a track, the chosen one of a picture."""
        own = {"clips": self.judge.attack_threshold} if clips else {}
        return own | ({"images": self.picture()[1]} if stills else {})

    def about(self, *, clips: bool, stills: bool) -> dict[str, str]:
        """What was measured, in words."""
        said = ", ".join(f"{name} {value:.4f}" for name, value in self.thresholds(clips=clips, stills=stills).items())
        return {"model": self.bundle.model_id, "precision": self.precision, "file": self.bundle.entry(self.precision).name,
                "detector": self.detector.model_id, "thresholds": said + (f"; alive from {self.judge.threshold:.4f}" if clips else "")
                + (f"; pictures by {WORDS[self.score]}" if stills else "")}
