"""Who stays sharp: enrolled people, by name, who agreed to be shown; and recognising them in single pictures."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge_face.errors import ModelError, PeopleError
from edge_face.people import Gallery, Person, State, Store, threshold_for
from edge_face.people.person import clean_name, is_id, name_key
from edge_face.privacy.stills import StillScenes
from edge_face.privacy.watching import FaceDetector
from edge_face.settings import Settings
from edge_face.types import Detection, Image, Match, Track
from edge_face.vision.align import align
from edge_face.vision.pipeline import FaceEmbedder
from edge_face.vision.quality import Limits, assess, failing


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """`gallery`: everybody who may be recognised, so that nobody is taken for the nearest of a few; `consenting`: the
    ids of those who are to stay sharp; `single`: the similarity from which one picture by itself is believed, at the
    settings' rate of false grants."""

    gallery: Gallery
    consenting: frozenset[str]
    single: float


def kept_people(settings: Settings, names: Sequence[str], model_id: str, thresholds: Mapping[str, Any]) -> Kept:
    """The people of the store by name or id. Reads the store only. Raises PeopleError for a name that nobody has (and
    names close ones) and for whoever cannot be kept, StoreError for a store that cannot be read."""
    with Store(settings.store.folder, settings.store.key_file or None, read_only=True) as store:
        # Somebody whose record was tampered with is not recognised, so hidden.
        people = store.people(damaged=lambda identity, error: None)
    chosen = [_named(name, people) for name in names]
    rate = settings.decision.false_grants
    gallery = Gallery.build(people, model_id, rate, thresholds)
    for person in chosen:
        _may_be_shown(person, gallery)
    single = threshold_for(thresholds, len(gallery), rate, "single").similarity
    return Kept(gallery, frozenset(person.id for person in chosen), single)


def _named(name: str, people: Sequence[Person]) -> Person:
    key = name if is_id(name) else name_key(clean_name(name))
    found = next((p for p in people if key in (p.id, name_key(p.name))), None)
    if found is not None:
        return found
    close = difflib.get_close_matches(key, [name_key(p.name) for p in people], n=3)
    similar = ", ".join(f"'{p.name}'" for p in people if name_key(p.name) in close)
    hint = f"did you mean {similar}?" if similar else "'edge-face people list' shows who is enrolled"
    raise PeopleError(f"there is nobody named '{name}' to keep sharp: {hint}")


def _may_be_shown(person: Person, gallery: Gallery) -> None:
    if person.consent.show is None:
        raise PeopleError(f"'{person.name}' did not agree to be shown sharp, so that face stays hidden: ask, and record the "
                          f"answer with edge-face people consent '{person.name}' --give show")
    if person.state is State.SUSPENDED:
        raise PeopleError(f"'{person.name}' is suspended and is not recognised: that face stays hidden")
    if person.id in gallery.must_enrol_again:
        raise PeopleError(f"'{person.name}' was enrolled with another embedder and cannot be recognised: enrol again")
    if person.id not in gallery.people:
        raise PeopleError(f"'{person.name}' is not completely enrolled and cannot be recognised: enrol again")


class PeopleInStills(StillScenes):
    """Scenes of single pictures in which people are recognised: one look has to do, so the stricter threshold holds."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder, kept: Kept, settings: Settings) -> None:
        super().__init__(detector, settings.vision.hide_score)
        self._embedder, self._kept, self._limits = embedder, kept, Limits.from_settings(settings.vision)

    def track(self, number: int, found: Detection, image: Image, others: list[Detection]) -> Track:
        """One found face, matched if it is good enough to be."""
        plain = super().track(number, found, image, others)
        try:
            crop = align(image, found.landmarks)
        except ModelError:
            return plain
        larger = [o.box for o in others if o is not found and o.box.area > found.box.area]
        covered = max((found.box.intersection(box) / found.box.area for box in larger), default=0.0)
        quality = assess(crop, found.landmarks, covered)
        missing = failing(quality, self._limits)
        if missing:
            return replace(plain, quality=quality, failing=missing)
        match = self._kept.gallery.match(self._embedder.embed(crop.image), 0.0)
        threshold = max(match.threshold, self._kept.single)
        sure = match.score >= threshold
        return replace(plain, quality=quality, matched_at=0.0 if sure else None, judged=True,
                       match=Match(match.best if sure else None, match.best, match.score, threshold, match.runner_up, 0.0))
