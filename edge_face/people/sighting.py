"""From a picture to what enrolment may know of it: how many faces, what is wrong, and the embedding of a good one."""

from __future__ import annotations

from typing import Protocol

from edge_face.people.chin import nose_height
from edge_face.people.guide import Look
from edge_face.settings import Settings
from edge_face.types import Detection, Floats, Image
from edge_face.vision.quality import ENROLMENT, Limits

LARGEST_INPUT = (640, 480)


class FaceDetector(Protocol):
    """What finds faces."""

    recognise: float

    def detect(self, image: Image, threshold: float) -> list[Detection]: ...


class FaceEmbedder(Protocol):
    """What turns an aligned face into a unit vector."""

    def embed(self, aligned: Image) -> Floats: ...


class FaceReader:
    """Looks at pictures for enrolment. `model` is the embedder's id; `limits` what a template is held to."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder, model: str, limits: Limits = ENROLMENT, *,
                 recognise: float = 0.0) -> None:
        self.model = model
        self._detector, self._embedder, self._limits = detector, embedder, limits
        self._recognise = recognise or detector.recognise

    def look(self, image: Image, monotonic: float = 0.0, detail: Image | None = None) -> Look:
        """What a picture shows. `detail`: the same view at more pixels, from which the face is then aligned. Raises
        ModelError."""
        from edge_face.errors import ModelError
        from edge_face.vision.align import align
        from edge_face.vision.quality import advice, assess

        found = self._detector.detect(image, self._recognise)
        if len(found) != 1:
            return Look(monotonic, len(found))
        landmarks = found[0].landmarks
        picture = image
        if detail is not None:
            unit = landmarks.dtype.type
            landmarks = landmarks * (unit(detail.shape[1] / image.shape[1]), unit(detail.shape[0] / image.shape[0]))
            picture = detail
        try:
            aligned = align(picture, landmarks)
        except ModelError:
            # Landmarks that make no face: nothing that could be enrolled.
            return Look(monotonic, 0)
        quality = assess(aligned, landmarks)
        wrong = advice(quality, self._limits)
        if wrong:
            return Look(monotonic, 1, quality, wrong)
        return Look(monotonic, 1, quality, (), self._embedder.embed(aligned.image), aligned.image, nose_height(landmarks))


def face_reader(settings: Settings) -> FaceReader:
    """With the settings' own models, the detector at its larger input. Raises ModelError, MissingExtraError."""
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector
    from edge_face.vision.embedder import Embedder

    vision = settings.vision
    embedder_bundle = load_bundle(vision.embedder, "embedder")
    detector = Detector(load_bundle(vision.detector, "detector"), *LARGEST_INPUT, vision.precision, vision.threads, vision.landmarker)
    return FaceReader(detector, Embedder(embedder_bundle, vision.precision, vision.threads), embedder_bundle.model_id,
                      recognise=vision.recognise_score)
