"""Re-enrolment: a new embedder makes new templates of the pictures that people agreed to leave here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_face.errors import PeopleError
from edge_face.people.guide import Take
from edge_face.people.person import Template
from edge_face.people.pictures import Picture, crop_of, pictures_of
from edge_face.people.records import template_record
from edge_face.people.selection import choose, concord, outliers
from edge_face.people.thresholds import same_person_similarity, templates_measured
from edge_face.types import Floats, Image

LEAST = 2
"""Pictures without which nobody can say whether they agree."""
Call = Callable[..., Any]
"""`call(command, **arguments)` of `PeopleCommands.run` or the daemon's client."""


class Embedder(Protocol):
    """What turns an aligned face into a unit vector; `model_id` names the space of its vectors."""

    model_id: str

    def embed(self, aligned: Image) -> Floats: ...


@dataclass(slots=True)
class AgainReport:
    """`made`: names and how well the new templates agree; `must_come`: names, and why their templates could not be made here;
    `fitting`: how many people need nothing."""

    made: list[dict[str, Any]] = field(default_factory=list)
    must_come: list[dict[str, str]] = field(default_factory=list)
    fitting: int = 0


def templates_from(pictures: Sequence[Picture], embedder: Embedder, thresholds: Mapping[str, Any], wall: float) -> tuple[
        tuple[Template, ...], float]:
    """New templates and their mean similarity. Raises PeopleError for pictures that are too few or disagree under this
    embedder, ModelError for an embedder of another input size."""
    takes = [Take(p.pose, p.quality, embedder.embed(crop_of(p))) for p in pictures]
    gone = {o.index for o in outliers(takes, same_person_similarity(thresholds))}
    kept = [take for index, take in enumerate(takes) if index not in gone]
    if len(kept) < LEAST:
        raise PeopleError(f"{len(kept) or 'none'} of {len(takes)} kept pictures can be used with this embedder, {LEAST} are needed")
    chosen = [kept[i] for i in choose(kept, max(templates_measured(thresholds), LEAST))]
    templates = tuple(Template(t.embedding, embedder.model_id, round(t.quality.overall, 3), t.pose, wall) for t in chosen)
    return templates, concord(chosen).mean


def make_again(call: Call, embedder: Embedder, thresholds: Mapping[str, Any], *, wall: float, who: str | None = None,
               progress: Callable[[str], None] = lambda name: None) -> AgainReport:
    """Goes through everybody (or `who`) whose templates are another embedder's. One person after the other is done wholly, so
    that what was cut off can be begun again. Raises PeopleError when there is no `who`."""
    report = AgainReport()
    people = [call("people.show", who=who)] if who is not None else call("people.list")["people"]
    for person in people:
        if embedder.model_id in person["models"]:
            report.fitting += 1
        elif person["consent"]["recognise"] is not None:
            progress(person["name"])
            try:
                report.made.append(_one(call, person, embedder, thresholds, wall))
            except PeopleError as error:
                report.must_come.append({"name": person["name"], "why": str(error)})
    return report


def _one(call: Call, person: Mapping[str, Any], embedder: Embedder, thresholds: Mapping[str, Any], wall: float) -> dict[str, Any]:
    pictures = pictures_of(call("people.pictures", who=person["id"])["pictures"])
    if not pictures:
        raise PeopleError("no pictures were kept")
    templates, agreement = templates_from(pictures, embedder, thresholds, wall)
    answer = call("people.enroll", name=person["name"], templates=[template_record(t) for t in templates], again=True,
                  how="new templates of kept pictures")
    return {"name": person["name"], "templates": len(templates), "agreement": agreement, "alike": answer["alike"]}
