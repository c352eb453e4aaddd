"""A door of the demo's own: a sealed store in a scratch folder, one person enrolled from pictures, the pipeline ready."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_face.media import read_picture
from edge_face.people import Consent, Enrolment, Gallery, Given, Store
from edge_face.people.sighting import FaceReader
from edge_face.service.models import load_models
from edge_face.settings import Settings
from edge_face.vision.pipeline import VisionPipeline


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
    models = load_models(settings.vision, settings.liveness.bpcer)
    detector, embedder, thresholds = models.detector, models.embedder, models.embedder_bundle.thresholds
    with tempfile.TemporaryDirectory(prefix="edge-face-demo-") as folder, Store(folder) as store:
        given = Given(0.0, "a synthetic person: nobody exists who could be asked")
        enrolment = Enrolment(FaceReader(detector, embedder, embedder.model_id), thresholds)
        made = enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in pictures], wall=0.0)
        store.add(name, Consent(given, given), made.templates, wall=0.0)
        gallery = Gallery.build(store.people(), embedder.model_id, settings.decision.false_grants, thresholds,
                                settings.decision.verify_rate)
        yield Enrolled(VisionPipeline(settings, detector, embedder, gallery, live=models.live), gallery, gallery.consenting,
                       {person.id: person.name for person in store.people()},
                       f"{models.describe()}, {settings.vision.precision}; "
                       f"{gallery.threshold.sentence}.")

