"""Commands on who waits: invitations, lasting links, approval. Plain values in and out, as in `edge_face.people.commands`.

Who may run which is the business of `edge_face.service.web.enrol_commands`; nothing here is on the control socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from edge_face.errors import PeopleError, UsageError
from edge_face.people.admission import KIND, Admission, admission_of, admission_record
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.greetings import KIND as GREETING
from edge_face.people.greetings import GreetingCommands
from edge_face.people.invitations import InvitationDesk, shown
from edge_face.people.person import Consent, Given, Person, State, clean_name, name_key, of_model
from edge_face.people.records import templates_of
from edge_face.people.store import Store

QUESTIONS = ("recognise", "show")
ASKED_BY_LINK = "answered on the person's own page"
ATTENDANCE = "attendance"
"""Kind of the record of who agreed to be listed by the times of coming (`edge_face.service.attendance`)."""
WAITS_DAYS = 30.0
"""Whoever is not admitted within so many days is forgotten: no face is kept on and on of somebody who never came."""


class AdmissionCommands(CommandTable):
    """Commands on one open store. `changed` is called after whatever changes whom the door knows; `embedder_id`: the running embedder's."""

    table: ClassVar[Mapping[str, str]] = {
        "invite.new": "new", "invite.list": "list", "invite.withdraw": "withdraw", "invite.open": "open", "invite.consent": "consent",
        "invite.done": "done", "lasting.new": "lasting", "lasting.show": "show", "lasting.withdraw": "take_back", "lasting.give": "give",
        "lasting.greet": "greet", "lasting.forget": "forget", "pending.list": "pending", "pending.approve": "approve",
        "pending.refuse": "refuse", "pending.admit": "admit", "pending.offer": "offer"}

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, embedder_id: str | None = None,
                 wall: Callable[[], float] = time.time) -> None:
        self._store, self._changed, self._embedder, self._wall = store, changed, embedder_id, wall
        self._desk = InvitationDesk(store)

    # Invitations

    def new(self, name: str, hours: float = 24.0, by: str = "") -> Answer:
        made, secret = self._desk.new(_text(name, "name"), hours, _text(by, "by"), self._wall())
        return {**shown(made, self._wall()), "secret": secret}

    def list(self) -> Answer:
        wall = self._wall()
        self._desk.tidy(wall)
        return {"invitations": [shown(one, wall) for one in self._desk.every()]}

    def withdraw(self, id: str) -> Answer:
        return shown(self._desk.withdraw(_text(id, "id")), self._wall())

    def open(self, secret: str) -> Answer:
        """What the invited person may know."""
        one = self._desk.opened(secret, self._wall())
        return {"name": one.name, "until": one.until, "consent": None if one.consent is None else [*one.consent]}

    def consent(self, secret: str, recognise: bool, show: bool) -> Answer:
        """The person's answers. A no to the first ends the invitation, and nothing is kept."""
        one = self._desk.opened(secret, self._wall())
        if not isinstance(recognise, bool) or not isinstance(show, bool):
            raise UsageError("a consent is true or false")
        agreed = tuple(q for q, yes in zip(QUESTIONS, (recognise, show and recognise), strict=True) if yes)
        self._desk.keep(secret, replace(one, consent=agreed, state="open" if recognise else "declined"))
        return {"name": one.name, "consent": [*agreed]}

    def done(self, secret: str, templates: Any) -> Answer:
        """Enrols who was invited, held back, and spends the invitation. `lasting`: the secret of the person's own link."""
        wall = self._wall()
        one = self._desk.opened(secret, wall)
        if one.consent is None or "recognise" not in one.consent:
            raise PeopleError("nobody is enrolled without having agreed to be recognised: answer the two questions first")
        given = Given(wall, ASKED_BY_LINK)
        person = self._add(one.name, Consent(given, given if "show" in one.consent else None), templates, "invitation")
        self._desk.keep(secret, replace(one, state="done", person=person.id))
        return {**_summary(person), "lasting": self._desk.lasting(person.id)}

    # The person's own link

    def lasting(self, who: str) -> Answer:
        """A new one in place of the last, for somebody who lost theirs or was enrolled at the door."""
        person = self._store.find(_text(who, "who"))
        return {**_summary(person), "lasting": self._desk.lasting(person.id)}

    def show(self, secret: str) -> Answer:
        """All that is kept of a person, for that person."""
        person = self._desk.owner_of(secret)
        greeting = self._store.record(GREETING, person.id) or {}
        kept = {"quality": [t.quality for t in person.templates], "pictures": self._store.count_pictures(person.id),
                "grants": self._store.events.count("grant", person.id), "greeting": greeting.get("text"),
                "attendance": self._store.record(ATTENDANCE, person.id)}
        return {**_summary(person), "held": self._store.is_held(person.id), **kept}

    def take_back(self, secret: str, questions: Any) -> Answer:
        """Takes consents back. Without "recognise" the templates are erased at once, and the others go with it."""
        person = self._desk.owner_of(secret)
        known = ("recognise", "show", "pictures", ATTENDANCE)
        if not isinstance(questions, list) or not questions or not all(q in known for q in questions):
            raise UsageError(f"consents are a list of some of {', '.join(known)}")
        gone = known if "recognise" in questions else tuple(questions)
        if ATTENDANCE in gone:
            self._store.drop_record(ATTENDANCE, person.id)
        consents = dict.fromkeys(question for question in gone if question != ATTENDANCE)
        return self._consent(person, replace(person.consent, **consents), withdrawn=gone)

    def give(self, secret: str) -> Answer:
        """Agrees to be shown sharp. Being recognised needs a face as well, so that it is given by an enrolment only."""
        person = self._desk.owner_of(secret)
        if person.consent.recognise is None:
            raise PeopleError("only somebody who is recognised can be shown sharp: ask to be enrolled again")
        return self._consent(person, replace(person.consent, show=Given(self._wall(), ASKED_BY_LINK)), given=("show",))

    def greet(self, secret: str, text: str) -> Answer:
        """How the person wishes to be greeted; an empty text takes it away."""
        person = self._desk.owner_of(secret)
        return GreetingCommands(self._store, self._changed, wall=self._wall).greet(person.id, text, ASKED_BY_LINK)

    def forget(self, secret: str) -> Answer:
        """The person has all of it erased."""
        person = self._desk.owner_of(secret)
        self._erase(person)
        return {"id": person.id, "forgotten": True}

    # Who waits

    def pending(self) -> Answer:
        """Who is pending, the longest first, and what for: "consent", "templates", "approval" or "pass"."""
        waiting = [self._waiting(p) for p in self._store.iterate(lambda who, error: None) if p.state is State.PENDING]
        return {"pending": sorted(waiting, key=lambda row: row["since"]), "days": WAITS_DAYS}

    def approve(self, who: str) -> Answer:
        person = self._store.find(_text(who, "who"))
        admission = self._admission(person)
        if person.consent.recognise is None:
            raise PeopleError(f"'{person.name}' has not agreed to be recognised (any more): nobody can be let in by that face")
        self._store.put_record(KIND, admission_record(admission.approve(self._wall())), person.id)
        self._store.events.append("person.approved", self._wall(), person.id, {})
        return self._waiting(person)

    def refuse(self, who: str) -> Answer:
        """Forgets somebody who waits, and nobody else."""
        person = self._store.find(_text(who, "who"))
        if person.state is not State.PENDING:
            raise PeopleError(f"'{person.name}' does not wait for anything: forgetting somebody is on that person's own page")
        self._erase(person)
        return {"id": person.id, "forgotten": True}

    def admit(self, who: str) -> Answer:
        """Somebody has passed at the door: from now on the door knows them. Raises PeopleError for who was not approved."""
        person = self._store.person(_text(who, "who"))
        admission = self._admission(person)
        if person.consent.recognise is None or not person.templates:
            raise PeopleError(f"'{person.name}' took the consent back meanwhile: nothing is kept of the face")
        self._store.put_record(KIND, admission_record(admission.passing(self._wall())), person.id)
        if person.state is State.PENDING:
            person = self._store.set_state(person.id, State.ACTIVE)
        self._changed()
        self._store.events.append("person.admitted", self._wall(), person.id, {})
        return _summary(person)

    def offer(self, name: str, templates: Any, consent: Any, how: str) -> Answer:
        """Enrols somebody from a camera or pictures that are not the door's: held back like who came by an invitation."""
        if not isinstance(consent, list) or "recognise" not in consent or not all(word in QUESTIONS for word in consent):
            raise PeopleError("nobody is enrolled without having agreed to be recognised: ask that question first")
        given = Given(self._wall(), _text(how, "how"))
        return _summary(self._add(_text(name, "name"), Consent(given, given if "show" in consent else None), templates, "device"))

    def _add(self, name: str, consent: Consent, templates: Any, source: str) -> Person:
        wall, own = self._wall(), templates_of(templates)
        if not own:
            raise PeopleError("there are no templates to enrol")
        if self._embedder is not None and len(of_model(own, self._embedder)) != len(own):
            raise PeopleError("these templates were made by another embedder than this door's: enrol with the door's own")
        if name_key(clean_name(name)) and self._store.has_name(name):
            raise PeopleError(f"there is already somebody named '{name}': choose another name, or forget that person first")
        person = self._store.add(name, consent, own, wall=wall, state=State.PENDING, held=Admission(source, wall))
        self._store.events.append("person.proposed", wall, person.id, {"templates": len(own)})
        return person

    def _consent(self, person: Person, consent: Consent, given: tuple[str, ...] = (), withdrawn: tuple[str, ...] = ()) -> Answer:
        try:
            person = self._store.set_consent(person.id, consent)
        finally:
            self._changed()
        self._store.events.append("person.consent", self._wall(), person.id, {"given": [*given], "withdrawn": sorted(withdrawn)})
        return _summary(person)

    def _erase(self, person: Person) -> None:
        try:
            self._store.forget(person.id, wall=self._wall())
        finally:
            # Even when the files could not be cleaned, the person is gone and the door must know.
            self._changed()
        self._store.events.append("person.forgotten", self._wall(), None, {})

    def _admission(self, person: Person) -> Admission:
        record = self._store.record(KIND, person.id)
        if record is None:
            raise PeopleError(f"'{person.name}' does not wait to be approved")
        return admission_of(record)

    def _waiting(self, person: Person) -> Answer:
        admission = self._admission(person) if self._store.record(KIND, person.id) is not None else None
        if person.consent.recognise is None:
            why = "consent"
        elif not person.templates:
            why = "templates"
        else:
            why = "approval" if admission is not None and admission.approved is None else "pass"
        return {**_summary(person), "why": why, "source": admission.source if admission is not None else "batch",
                "since": admission.begun if admission is not None else person.created,
                "approved": admission.approved if admission is not None else None}


def forget_stale(store: Store, wall: float) -> int:
    """Forgets whoever has waited for longer than `WAITS_DAYS` with templates in the store; how many. To be called with a clock that may be
    believed only."""
    late = wall - WAITS_DAYS * 86_400.0
    stale = [p.id for p in store.iterate(lambda who, error: None)
             if p.state is State.PENDING and p.templates and p.created < late and _begun(store, p) < late]
    for identity in stale:
        store.forget(identity, wall=wall)
        store.events.append("person.forgotten", wall, None, {})
    return len(stale)


def _begun(store: Store, person: Person) -> float:
    """When somebody began to wait, at the latest."""
    record = store.record(KIND, person.id)
    try:
        return person.created if record is None else admission_of(record).begun
    except PeopleError:
        return person.created


def _summary(person: Person) -> Answer:
    consent = {question: _given(getattr(person.consent, question)) for question in ("recognise", "show", "pictures")}
    return {"id": person.id, "name": person.name, "state": person.state.value, "created": person.created,
            "templates": len(person.templates), "consent": consent}


def _given(given: Given | None) -> Answer | None:
    return None if given is None else {"wall": given.wall, "how": given.how}


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"'{what}' is a text")
    return value
