"""What may be done with people, as plain values in and out: the command line uses it, and so does the daemon's socket.

`PeopleCommands(store, gallery_changed).run("people.list", {})`: every method is a command, its arguments are JSON
values, its answer is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from edge_face.errors import PeopleError, StoreError, UsageError
from edge_face.people.admission import Admission
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.drift import SAMPLE, Reenrolment, grant_scores, needs_reenrolment
from edge_face.people.likeness import Alike, Likeness
from edge_face.people.person import Consent, Given, Person, State, Template, clean_name, of_model
from edge_face.people.pictures import Picture, facts_of, picture_records, pictures_of
from edge_face.people.records import person_of, person_record, templates_of
from edge_face.people.store import Store
from edge_face.people.thresholds import threshold_for

PAGE_BYTES = 400_000
"""Embeddings, in base64, in one answer or request of many people: a request of the control socket has at most a megabyte."""
QUESTIONS = ("recognise", "show", "pictures")
_COMMANDS = {
    "people.list": "list", "people.known": "known", "people.show": "show", "people.rename": "rename", "people.forget": "forget",
    "people.export": "export", "people.import": "import_", "people.alike": "alike", "people.enroll": "enroll_templates",
    "people.suspend": "suspend", "people.propose": "propose", "people.activate": "activate", "people.consent": "consent",
    "people.pictures": "pictures",
}
WRITING = frozenset(_COMMANDS) - {"people.list", "people.known", "people.show", "people.export", "people.alike",
                                   "people.pictures"}
"""The commands that need a store opened for writing."""


class PeopleCommands(CommandTable):
    """Commands on one open store. `gallery_changed` is called after whatever changes whom the door knows.

    `embedder_id` and `thresholds` are the running embedder's, `rate` the door's: without them nobody can be enrolled.
    `wall` tells the time of consents and of what is written.
    """

    table = _COMMANDS

    def __init__(self, store: Store, gallery_changed: Callable[[], None] = lambda: None, *, embedder_id: str | None = None,
                 thresholds: Mapping[str, Any] | None = None, rate: float = 1e-4, wall: Callable[[], float] = time.time) -> None:
        self._store, self._changed = store, gallery_changed
        self._embedder, self._thresholds, self._rate, self._wall = embedder_id, thresholds, rate, wall
        self._likeness: Likeness | None = None
        self._edition = -1

    def show(self, who: str) -> Answer:
        """One person by name or id, with what is kept about their templates."""
        person = self._find(who)
        shown = self._summary(person)
        shown["kept"] = [{"pose": t.pose, "quality": t.quality, "wall": t.wall, "model": t.model} for t in person.templates]
        shown["pictures_kept"] = [facts_of(picture) for picture in self._store.pictures(person.id)]
        shown["grants"] = self._store.events.count("grant", person.id)
        return shown

    def pictures(self, who: str) -> Answer:
        """What somebody left here: records with the PNGs in base64."""
        person = self._find(who)
        return {"name": person.name, "pictures": picture_records(self._store.pictures(person.id))}

    def list(self) -> Answer:
        """Everybody by name, whose records are damaged, and the threshold that holds for so many."""
        damaged: list[Answer] = []
        people = self._store.people(lambda who, error: damaged.append({"id": who, "problem": str(error)}))
        people.sort(key=lambda p: p.name.casefold())
        answer: Answer = {"people": [self._summary(p) for p in people], "damaged": damaged, "threshold": None, "measured": None}
        if self._thresholds is not None:
            matched = sum(p.recognisable and bool(of_model(p.templates, self._embedder or "")) for p in people)
            threshold = threshold_for(self._thresholds, matched, self._rate)
            answer |= {"threshold": threshold.sentence, "measured": threshold.measured}
        return answer

    def known(self, name: str) -> Answer:
        """Is that name taken? Raises PeopleError for what cannot be a name."""
        return {"known": self._store.has_name(_text(name, "name"))}

    def rename(self, who: str, name: str) -> Answer:
        person = self._store.rename(self._find(who).id, _text(name, "name"))
        self._note("person.renamed", person.id)
        return self._summary(person)

    def forget(self, who: str) -> Answer:
        """Erases a person for good; a damaged record is forgotten by its id. `mentioned`: kinds of records of the house that name the
        person all the same, as a login of the same name."""
        text = _text(who, "who")
        name = ""
        try:
            person = self._store.find(text)
            identity, name = person.id, person.name
        except StoreError:
            identity = text
        self._likeness = None
        try:
            self._store.forget(identity, wall=self._wall())
        finally:
            # Even when the files could not be cleaned, the person is gone and the door must know.
            self._changed()
        self._store.events.append("person.forgotten", self._wall(), None, {})
        named = self._store.mentioned(identity, name)
        return {"forgotten": identity, **({"mentioned": named} if named else {})}

    def suspend(self, who: str) -> Answer:
        return self._set_state(who, State.SUSPENDED, "person.suspended")

    def activate(self, who: str) -> Answer:
        return self._set_state(who, State.ACTIVE, "person.activated")

    def consent(self, who: str, give: Any = (), withdraw: Any = (), how: str = "a command") -> Answer:
        """Gives and takes back consents ("recognise", "show", "pictures"). Whoever takes back "recognise" loses the
        templates, and the other two with it; whoever takes back "pictures" loses the pictures."""
        given, taken = _questions(give), _questions(withdraw)
        if "pictures" in given:
            raise UsageError("pictures are taken at an enrolment only: edge-face enroll NAME --again --keep-pictures")
        if given & taken:
            raise UsageError(f"{', '.join(sorted(given & taken))} cannot be given and taken back at once")
        person = self._find(who)
        stamp = Given(self._wall(), _text(how, "how"))
        consent = person.consent
        for question in given:
            consent = replace(consent, **{question: stamp})
        for question in taken:
            consent = replace(consent, **{question: None})
        consent = _sensible(consent, given)
        person = self._store.set_consent(person.id, consent)
        self._note("person.consent", person.id, {"given": sorted(given), "withdrawn": sorted(taken)})
        return self._summary(person)

    def alike(self, templates: Any, who: str | None = None) -> Answer:
        """Whom templates look like, apart from the person `who` whom they are of."""
        own = None if who is None else self._find(who).id
        return {"alike": [self._alike(a) for a in self._likenesses().alike(self._templates(templates), own)]}

    def enroll_templates(self, name: str, templates: Any, consent: Any = None, how: str = "a command", again: bool = False,
                         refuse_same: bool = False, pictures: Any = None) -> Answer:
        """Enrols somebody, or with `again` puts new templates in place of somebody's old ones, and `pictures` (records)
        likewise if there are any. `consent`: the questions that were answered with yes; `refuse_same`: not when the face
        belongs to somebody already."""
        name = clean_name(_text(name, "name"))
        own, crops = self._templates(templates), pictures_of(pictures or [])
        if not own:
            raise PeopleError("there are no templates to enrol")
        before = self._store.find(name) if again else None
        if before is None and self._store.has_name(name):
            raise PeopleError(f"there is already somebody named '{name}': choose another name, or --again for new templates")
        likeness = self._likenesses()
        alike = likeness.alike(own, before.id if before else None)
        if refuse_same and alike and alike[0].same:
            other = self._alike(alike[0])
            raise PeopleError(f"'{name}' looks like '{other['name']}', who is enrolled already (score {alike[0].score:.2f}, "
                              f"{alike[0].needed:.2f} is the door's threshold)")
        given = _questions(consent or ())
        if "recognise" not in given and (before is None or before.consent.recognise is None):
            raise PeopleError(f"nothing is kept of '{name}' without the consent to be recognised: --consent recognise")
        stamp = Given(self._wall(), _text(how, "how"))
        asked = Consent(**{question: stamp if question in given else None for question in QUESTIONS})
        if before is None:
            person = self._store.add(name, _sensible(asked, given), own, wall=self._wall(), pictures=crops)
            self._learn(likeness, person)
            self._note("person.enrolled", person.id, {"templates": len(own)})
        else:
            merged = Consent(**{q: getattr(asked, q) or getattr(before.consent, q) for q in QUESTIONS})
            self._store.set_consent(before.id, _sensible(merged, given))
            person = self._store.replace_templates(before.id, own, crops or None)
            unknown = not of_model(before.templates, self._embedder or "")
            self._note("person.enrolled-again", person.id, {"templates": len(own)})
            if unknown:  # kept, as a whole house may be re-enrolled one after the other
                self._learn(likeness, person)
                self._likeness = likeness
        return {"person": self._summary(person), "alike": [self._alike(a) for a in alike]}

    def propose(self, name: str, templates: Any) -> Answer:
        """Enrols somebody who has not been asked yet, pending: as soon as the consent is recorded the person is active."""
        own = self._templates(templates)
        if not own:
            raise PeopleError("there are no templates to enrol")
        likeness = self._likenesses()
        person = self._store.add(_text(name, "name"), Consent(), own, wall=self._wall(), state=State.PENDING)
        self._learn(likeness, person)
        self._store.events.append("person.proposed", self._wall(), person.id, {"templates": len(own)})
        return self._summary(person)

    def export(self, who: str | None = None, after: str = "") -> Answer:
        """Whole records, some at a time: ask again with `after` = `next` until that is null."""
        if who is not None:
            return {"people": [self._record(self._find(who))], "next": None}
        page: list[Answer] = []
        room = PAGE_BYTES
        for person in self._store.iterate(after=_text(after, "after")):
            if room <= 0:
                return {"people": page, "next": page[-1]["id"]}
            page.append(self._record(person))
            room -= sum(len(t["embedding"]) for t in page[-1]["templates"]) + sum(len(p["png"]) for p in page[-1]["pictures"]) + 500
        return {"people": page, "next": None}

    def _record(self, person: Person) -> Answer:
        if self._store.is_held(person.id):
            # Also one who was set aside meanwhile: the other door must hold them back before all else.
            person = replace(person, state=State.PENDING)
        return {**person_record(person), "pictures": picture_records(self._store.pictures(person.id))}

    def import_(self, people: Any, bring_back: bool = False) -> Answer:
        """Adds exported people, each wholly or not at all; who was left out and why."""
        if not isinstance(people, list):
            raise UsageError("people are a list of records")
        added: list[Answer] = []
        left_out: list[Answer] = []
        for record in people:
            label = str(record.get("name", "?")) if isinstance(record, Mapping) else "?"
            try:
                added.append(self._summary(self._bring_in(person_of(record), pictures_of(record.get("pictures") or []),
                                                             bool(bring_back))))
            except PeopleError as error:
                left_out.append({"name": label[:100], "why": str(error)})
        self._likeness = None
        if added:
            self._changed()
        return {"imported": added, "left_out": left_out}

    def _bring_in(self, person: Person, pictures: tuple[Picture, ...], bring_back: bool) -> Person:
        foreign = [m for m in person.models if self._embedder is not None and m != self._embedder]
        if foreign and not pictures:
            raise PeopleError(f"the templates of '{person.name}' were made by another embedder ({foreign[0]}) than this door's "
                              f"({self._embedder}), and cannot be compared: enrol '{person.name}' again")
        if person.templates and person.consent.recognise is None:
            raise PeopleError(f"'{person.name}' did not agree to be recognised: enrol '{person.name}' again, with consent")
        state = State.SUSPENDED if person.state is State.SUSPENDED else State.ACTIVE
        # Complete and pending all the same: held back at the other door, and so at this one.
        held = person.state is State.PENDING and bool(person.templates) and person.consent.recognise is not None
        added = self._store.add(person.name, person.consent, person.templates, wall=person.created, identity=person.id, state=state,
                                bring_back=bring_back, pictures=pictures, held=Admission("import", self._wall()) if held else None)
        self._store.events.append("person.imported", self._wall(), added.id, {})
        return added

    def _set_state(self, who: str, state: State, kind: str) -> Answer:
        person = self._store.set_state(self._find(who).id, state)
        self._note(kind, person.id)
        return self._summary(person)

    def _find(self, who: Any) -> Person:
        return self._store.find(_text(who, "who"))

    def _note(self, kind: str, person: str | None, details: Mapping[str, Any] | None = None) -> None:
        """What every change ends with: an entry in the diary, and word to the gallery."""
        if kind != "person.enrolled":
            self._likeness = None
        self._changed()
        self._store.events.append(kind, self._wall(), person, details or {})

    def _templates(self, values: Any) -> tuple[Template, ...]:
        templates = templates_of(values)
        for template in templates:
            if self._embedder is not None and template.model != self._embedder:
                raise PeopleError(f"these templates were made by another embedder ({template.model}) than this door's "
                                  f"({self._embedder}): enrol with the door's own")
        return templates

    def _likenesses(self) -> Likeness:
        if self._embedder is None or self._thresholds is None:
            raise PeopleError("nobody can be enrolled without the embedder that the door runs: set [vision] embedder")
        if self._likeness is None or self._edition != self._store.edition:
            self._edition = self._store.edition
            self._likeness = Likeness(self._store.iterate(lambda who, error: None), self._embedder, self._rate, self._thresholds)
        return self._likeness

    def _learn(self, likeness: Likeness, person: Person) -> None:
        """One more, without reading all the others again."""
        likeness.add(person)
        self._edition = self._store.edition

    def _alike(self, alike: Alike) -> Answer:
        return {"id": alike.person, "name": self._store.person(alike.person).name, "score": round(alike.score, 4),
                "needed": alike.needed, "same": alike.same}

    def _again(self, person: Person) -> str | None:
        """Why somebody should enrol again."""
        if person.templates and self._embedder is not None and not of_model(person.templates, self._embedder):
            return "the templates were made by another embedder and are not compared: enrol again"
        drift = self._drift(person)
        return drift.sentence if drift is not None else None

    def _drift(self, person: Person) -> Reenrolment | None:
        if not person.templates:
            return None
        since = max(t.wall for t in person.templates)
        events = self._store.events
        latest = events.query(2 * SAMPLE, since, "grant", person.id)
        first = events.query(SAMPLE, since, "grant", person.id, oldest=True)
        merged = {e.id: e for e in (*first, *latest)}
        return needs_reenrolment(grant_scores(sorted(merged.values(), key=lambda e: e.wall)))

    def _summary(self, person: Person) -> Answer:
        return {"id": person.id, "name": person.name, "state": person.state.value, "created": person.created,
                "consent": {q: _given(getattr(person.consent, q)) for q in QUESTIONS}, "templates": len(person.templates),
                "pictures": self._store.count_pictures(person.id), "models": [*person.models], "enrol_again": self._again(person)}


def _given(given: Given | None) -> Answer | None:
    return None if given is None else {"wall": given.wall, "how": given.how}


def _sensible(consent: Consent, asked: frozenset[str]) -> Consent:
    """Nobody is shown, and no picture kept, who is not recognised. Raises PeopleError when just that was asked for."""
    if consent.recognise is not None or (consent.show is None and consent.pictures is None):
        return consent
    if "show" in asked or "pictures" in asked:
        raise PeopleError("only somebody who is recognised can be shown sharp or leave pictures here: the consent 'recognise' is needed "
                          "too")
    return replace(consent, show=None, pictures=None)


def _questions(values: Any) -> frozenset[str]:
    if not isinstance(values, list | tuple | set | frozenset) or not all(v in QUESTIONS for v in values):
        raise UsageError(f"a consent is a list of some of {', '.join(QUESTIONS)}")
    return frozenset(values)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"'{what}' is a text")
    return value
