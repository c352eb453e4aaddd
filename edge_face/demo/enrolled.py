"""A door of the demo's own: a sealed store in a scratch folder, one person enrolled from pictures, the pipeline ready."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import EnrolmentError
from edge_face.people import Consent, Gallery, Given, Store, Template
from edge_face.settings import Settings
from edge_face.vision.align import align
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector
from edge_face.vision.embedder import Embedder
from edge_face.vision.pipeline import VisionPipeline
from edge_face.vision.quality import ENROLMENT, assess, failing


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """`consenting`: ids of the people who agreed to be shown; `names` by id; `about`: models and threshold in words."""

    pipeline: VisionPipeline
    gallery: Gallery
    consenting: frozenset[str]
    names: dict[str, str]
    about: str


@contextmanager
def enrolled(settings: Settings, name: str, pictures: Sequence[Path]) -> Iterator[Enrolled]:
    """Enrols `name` from pictures of one face each, with both consents, and gives the pipeline that knows that person.
    Raises EnrolmentError when no picture serves. The store is gone afterwards."""
    vision = settings.vision
    width, height = (int(side) for side in vision.input.split("x"))
    finder, knower = load_bundle(vision.detector, "detector"), load_bundle(vision.embedder, "embedder")
    detector = Detector(finder, width, height, vision.precision, vision.threads)
    embedder = Embedder(knower, vision.precision, vision.threads)
    with tempfile.TemporaryDirectory(prefix="edge-face-demo-") as folder, Store(folder) as store:
        given = Given(0.0, "a synthetic person: nobody exists who could be asked")
        templates = [t for path in pictures for t in _templates(path, detector, embedder)]
        if not templates:
            raise EnrolmentError(f"no picture of {name} serves for an enrolment")
        store.add(name, Consent(given, given), templates, wall=0.0)
        gallery = Gallery.build(store.people(), embedder.model_id, settings.decision.false_grants, knower.thresholds)
        yield Enrolled(VisionPipeline(settings, detector, embedder, gallery), gallery, gallery.consenting,
                       {person.id: person.name for person in store.people()},
                       f"{finder.name} {finder.version} and {knower.name} {knower.version}, {vision.precision}; "
                       f"{gallery.threshold.sentence}.")


def _templates(path: Path, detector: Detector, embedder: Embedder) -> Iterator[Template]:
    from edge_face.media import read_picture

    picture = read_picture(path)
    faces = detector.detect(picture, detector.recognise)
    if len(faces) != 1:
        return
    aligned = align(picture, faces[0].landmarks)
    quality = assess(aligned, faces[0].landmarks)
    if not failing(quality, ENROLMENT):
        yield Template(embedder.embed(aligned.image), embedder.model_id, quality.overall, path.stem)
