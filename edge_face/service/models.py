"""The neural networks of the settings, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass

from edge_face.settings import VisionSettings
from edge_face.vision.bundle import Bundle, Failed, load_bundle
from edge_face.vision.detector import Detector
from edge_face.vision.embedder import Embedder
from edge_face.vision.live import LivenessJudge

_SWEEP = (640, 480)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """What `VisionPipeline` runs, and the bundles that it came from. `sweep`: a second look for small faces, if wanted. `live`:
    attack detection."""

    detector: Detector
    sweep: Detector | None
    embedder: Embedder
    detector_bundle: Bundle
    embedder_bundle: Bundle
    live: LivenessJudge | None = None
    live_bundle: Bundle | None = None

    def describe(self) -> str:
        """Names and versions for people."""
        bundles = (self.detector_bundle, self.embedder_bundle, self.live_bundle)
        return ", ".join(f"{bundle.name} {bundle.version}" for bundle in bundles if bundle is not None)


def load_models(settings: VisionSettings, bpcer: float = 0.05) -> Models:
    """`bpcer`: the share of living people who may be taken for an attack. Raises `ModelError` for a bundle that is missing, damaged,
    without the file that the settings ask for, or that did not pass the parity gate where the settings do not allow that;
    `MissingExtraError` without a runtime."""
    failed: Failed = "warn" if settings.allow_failed_gate else "refuse"
    detector_bundle = load_bundle(settings.detector, "detector", failed)
    embedder_bundle = load_bundle(settings.embedder, "embedder", failed)
    load_bundle(settings.landmarker, "landmarker", failed)
    width, height = (int(side) for side in settings.input.split("x"))
    sweep = None
    if settings.sweep_every and (width, height) != _SWEEP:
        sweep = Detector(detector_bundle, *_SWEEP, settings.precision, settings.threads, settings.landmarker)
    live_bundle = load_bundle(settings.liveness, "liveness", failed)
    live = LivenessJudge(live_bundle, settings.precision, settings.threads, bpcer)
    return Models(Detector(detector_bundle, width, height, settings.precision, settings.threads, settings.landmarker), sweep,
                  Embedder(embedder_bundle, settings.precision, settings.threads), detector_bundle, embedder_bundle,
                  live, live_bundle)
