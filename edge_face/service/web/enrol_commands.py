"""Enrolling, for the pages: guided at the door, from a camera or photos elsewhere, by invitation; and who waits to be let in.

What is enrolled at the door's own camera, with a helper beside it, counts at once. Everything else is held back
(`edge_face.people.admission`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.errors import EnrolmentError, PeopleError, UsageError
from edge_face.people.person import Person, clean_name
from edge_face.people.records import person_of, template_record
from edge_face.service.web.arguments import Arguments, flag, number, text, whole
from edge_face.service.web.enrol_sessions import Guided, Photos, records_of
from edge_face.service.web.pixels import LONGEST, pixels_of
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

WAIT = 5.0
"""Seconds for which a question for what is new may wait."""
DOOR, CAMERA, PHOTOS = "door", "camera", "photos"
HOW = "asked by who enrolled them, on the owner's pages"
MOST_ALIKE = 20
"""People who wait and are compared with everybody, in one answer."""
_LOOK = ("id", "width", "height", "pixels")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to become of a session. `secret`: hash of the invitation's, empty for a login's."""

    session: Guided | Photos
    name: str
    consent: tuple[str, ...] = ()
    how: str = HOW
    again: str = ""
    guardian: str = ""
    secret: bytes = field(default=b"", repr=False)


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`enrol.*`, `invite.*`, `lasting.*`, `pending.*`."""
    desk = EnrolDesk(daemon)
    nobody, helper, owner = Role.NOBODY, Role.HELPER, Role.OWNER
    return (
        WebCommand("enrol.begin", helper, desk.begin, ("name", "consent", "how", "source", "again", "guardian")),
        WebCommand("enrol.state", helper, desk.state, ("id", "after", "wait")),
        WebCommand("enrol.look", helper, desk.look, _LOOK),
        WebCommand("enrol.finish", helper, desk.finish, ("id", "sure")),
        WebCommand("enrol.cancel", helper, desk.cancel, ("id",)),
        WebCommand("invite.new", helper, desk.invite, ("name", "hours")),
        WebCommand("invite.list", helper, partial(desk.plain, "invite.list", ())),
        WebCommand("invite.withdraw", helper, desk.withdraw, ("id",)),
        WebCommand("invite.open", nobody, partial(desk.plain, "invite.open", ("secret",)), ("secret",)),
        WebCommand("invite.consent", nobody, desk.consent, ("secret", "recognise", "show")),
        WebCommand("invite.begin", nobody, desk.join, ("secret", "source")),
        WebCommand("invite.look", nobody, desk.look, ("secret", *_LOOK)),
        WebCommand("invite.state", nobody, desk.state, ("secret", "id", "after", "wait")),
        WebCommand("invite.cancel", nobody, desk.cancel, ("secret", "id")),
        WebCommand("invite.done", nobody, desk.done, ("secret", "id")),
        WebCommand("lasting.new", helper, desk.lasting, ("who",)),
        WebCommand("lasting.show", nobody, partial(desk.plain, "lasting.show", ("secret",)), ("secret",)),
        WebCommand("lasting.withdraw", nobody, desk.take_back, ("secret", "questions")),
        WebCommand("lasting.give", nobody, partial(desk.own, "lasting.give"), ("secret",)),
        WebCommand("lasting.greet", nobody, desk.greet, ("secret", "text")),
        WebCommand("lasting.forget", nobody, partial(desk.own, "lasting.forget"), ("secret",)),
        WebCommand("pending.list", helper, desk.pending),
        WebCommand("pending.approve", owner, partial(desk.decide, "pending.approve"), ("who",), fresh=True),
        WebCommand("pending.refuse", owner, partial(desk.decide, "pending.refuse"), ("who",), fresh=True),
        WebCommand("pending.first_pass", helper, desk.first_pass, ("who",)),
    )


class EnrolDesk:
    """Runs the commands, in the web socket's threads."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._order: Order | None = None

    # Enrolling

    def begin(self, caller: Caller, given: Arguments) -> Any:
        """By a helper: at the door's camera, or from a camera or photos elsewhere."""
        source, again, guardian = text(given, "source", DOOR), text(given, "again", ""), text(given, "guardian", "", 200).strip()
        consent = given.get("consent")
        if not isinstance(consent, list) or not all(word in ("recognise", "show") for word in consent):
            raise UsageError("a consent is a list of some of recognise, show")
        if again:
            person = self._person(again)
            name, again = person.name, person.id
            if person.consent.recognise is None and "recognise" not in consent:
                raise PeopleError(f"'{name}' has not agreed to be recognised: ask first")
            if source != DOOR:
                raise UsageError("new templates of somebody whom the door knows are made at the door's own camera")
        else:
            name = clean_name(text(given, "name"))
            if "recognise" not in consent:
                raise PeopleError(f"nothing is kept of '{name}' without the consent to be recognised: ask first")
            if self._command("people.known", name=name)["known"]:
                raise PeopleError(f"there is already somebody named '{name}': choose another name, or make new "
                                  "templates on that person's page")
        session = self._session(source, "door" if source == DOOR else "device")
        self._order = Order(session, name, tuple(consent), text(given, "how", HOW, 200), again, guardian)
        return self._begun(session, name)

    def join(self, caller: Caller, given: Arguments) -> Any:
        """By whoever holds an invitation and has answered."""
        secret, source = text(given, "secret"), text(given, "source", CAMERA)
        invited = self._command("invite.open", secret=secret)
        if invited["consent"] is None:
            raise PeopleError("answer the two questions first")
        if source == DOOR:
            raise UsageError("an invitation is for a camera or photos of your own")
        if (order := self._order) is not None and order.secret == _hash(secret):
            self._daemon.enrolling.end(order.session)  # the same person once more, on a page that was loaded again
        session = self._session(source, "invitation")
        self._order = Order(session, invited["name"], tuple(invited["consent"]), secret=_hash(secret))
        return self._begun(session, invited["name"])

    def state(self, caller: Caller, given: Arguments) -> Any:
        session = self._daemon.enrolling.session(text(given, "id"))
        order = self._order
        own = order is not None and order.session is session
        if caller.role < Role.HELPER and not (own and order is not None and order.secret == _hash(text(given, "secret"))):
            raise EnrolmentError("this enrolment is over: begin again")
        shown = session.board.shown(whole(given, "after", -1, low=-1), number(given, "wait", 0.0, high=WAIT))
        return {**shown, "kind": session.kind, "holder": session.holder, "name": order.name if own and order is not None else ""}

    def look(self, caller: Caller, given: Arguments) -> Any:
        """One picture of a camera or photo elsewhere."""
        order = self._mine(caller, given)
        if order.session.holder == DOOR:
            raise UsageError("this enrolment is at the door's own camera")
        image = pixels_of(whole(given, "width", low=1), whole(given, "height", low=1), text(given, "pixels", longest=LONGEST))
        return self._daemon.enrolling.look(order.session, image)

    def cancel(self, caller: Caller, given: Arguments) -> Any:
        """A helper ends whatever runs, so that nobody keeps the desk."""
        if caller.role >= Role.HELPER:
            session: Any = self._daemon.enrolling.session(text(given, "id"))
        else:
            session = self._mine(caller, given).session
        self._daemon.enrolling.end(session)
        return {}

    def finish(self, caller: Caller, given: Arguments) -> Any:
        """Keeps the templates. Whoever looks like somebody else is kept only when that was said to be right (`sure`)."""
        order = self._mine(caller, given)
        templates = records_of(order.session)
        alike = self._command("people.alike", templates=templates, who=order.again or None)["alike"]
        if alike and not flag(given, "sure", False):
            return {"asked": True, "alike": alike, "name": order.name}
        if order.session.holder == DOOR:
            answer = self._command("people.enroll", name=order.name, templates=templates, consent=[*order.consent], how=order.how,
                                   again=bool(order.again))
            person = answer["person"]
            say(self._daemon, caller, "enrol-again" if order.again else "enrol", templates=len(templates))
        else:
            person = self._command("pending.offer", name=order.name, templates=templates, consent=[*order.consent], how=order.how)
            say(self._daemon, caller, "enrol-elsewhere", templates=len(templates))
        self._daemon.enrolling.end(order.session, "finished")
        self._order = None
        if order.guardian:
            self._command("people.assure", who=person["id"], changes={"minor": True, "guardian": order.guardian})
        lasting = self._command("lasting.new", who=person["id"])["lasting"]
        return {"asked": False, "person": person, "alike": alike, "lasting": lasting}

    def done(self, caller: Caller, given: Arguments) -> Any:
        """Ends an enrolment by invitation: the person waits from now on."""
        order = self._mine(caller, given)
        answer = self._command("invite.done", secret=text(given, "secret"), templates=records_of(order.session))
        self._daemon.enrolling.end(order.session, "finished")
        self._order = None
        say(self._daemon, caller, "invitation-used", templates=answer["templates"])
        return {"name": answer["name"], "lasting": answer["lasting"]}

    # Invitations and lasting links

    def invite(self, caller: Caller, given: Arguments) -> Any:
        made = self._command("invite.new", name=text(given, "name"), hours=number(given, "hours", 24.0), by=caller.name)
        say(self._daemon, caller, "invitation-new", hours=round((made["until"] - made["created"]) / 3600.0, 1))
        return made

    def withdraw(self, caller: Caller, given: Arguments) -> Any:
        answer = self._command("invite.withdraw", id=text(given, "id"))
        say(self._daemon, caller, "invitation-withdraw")
        return answer

    def consent(self, caller: Caller, given: Arguments) -> Any:
        recognise, show = flag(given, "recognise"), flag(given, "show")
        answer = self._command("invite.consent", secret=text(given, "secret"), recognise=recognise, show=show)
        say(self._daemon, caller, "invitation-consent", recognise=recognise, show=show and recognise)
        return answer

    def lasting(self, caller: Caller, given: Arguments) -> Any:
        answer = self._command("lasting.new", who=text(given, "who"))
        say(self._daemon, caller, "lasting-link-new")
        return answer

    def take_back(self, caller: Caller, given: Arguments) -> Any:
        answer = self._command("lasting.withdraw", secret=text(given, "secret"), questions=given.get("questions"))
        say(self._daemon, caller, "own-consent-withdraw", at_once=True)
        return answer

    def greet(self, caller: Caller, given: Arguments) -> Any:
        answer = self._command("lasting.greet", secret=text(given, "secret"), text=text(given, "text", ""))
        say(self._daemon, caller, "own-greeting")
        return answer

    def own(self, command: str, caller: Caller, given: Arguments) -> Any:
        answer = self._command(command, secret=text(given, "secret"))
        say(self._daemon, caller, "own-forget" if command.endswith("forget") else "own-consent-give", at_once=True)
        return answer

    # Who waits

    def pending(self, caller: Caller, given: Arguments) -> Any:
        """With whom they look like: a forwarded link shows here."""
        answer = self._command("pending.list")
        for row in answer["pending"][:MOST_ALIKE]:
            own = [template_record(t) for t in self._person(row["id"]).templates]
            row["alike"] = self._command("people.alike", templates=own, who=row["id"])["alike"] if own else []
        return answer

    def decide(self, command: str, caller: Caller, given: Arguments) -> Any:
        answer = self._command(command, who=text(given, "who"))
        say(self._daemon, caller, command.replace(".", "-"), at_once=True)
        return answer

    def first_pass(self, caller: Caller, given: Arguments) -> Any:
        """From now on, for two minutes, the person may pass once at the door's camera."""
        wanted = text(given, "who")
        row = next((row for row in self._command("pending.list")["pending"] if wanted in (row["id"], row["name"])), None)
        if row is None or row["source"] == "batch":
            raise PeopleError("nobody of that name waits to pass at the door")
        if row["why"] != "pass":
            why = {"approval": "the owner has not approved it", "consent": "the consent is missing", "templates": "no face is enrolled"}
            raise PeopleError(f"'{row['name']}' cannot pass yet: {why[row['why']]}")
        person = self._person(row["id"])

        def passed(who: str) -> None:
            self._command("pending.admit", who=who)
            say(self._daemon, caller, "first-pass", at_once=True)

        session = self._daemon.enrolling.first_pass(person, passed)
        say(self._daemon, caller, "first-pass-begin")
        return {"id": session.id, "name": person.name}

    def plain(self, command: str, names: tuple[str, ...], caller: Caller, given: Arguments) -> Any:
        return self._command(command, **{name: text(given, name) for name in names})

    # Inside

    def _command(self, command: str, /, **arguments: Any) -> Any:
        return self._daemon.command(command, arguments)

    def _person(self, who: str) -> Person:
        return person_of(self._command("people.export", who=who)["people"][0])

    def _session(self, source: str, holder: str) -> Guided | Photos:
        enrolling = self._daemon.enrolling
        if source == PHOTOS:
            return enrolling.photos(holder)
        if source not in (DOOR, CAMERA):
            raise UsageError(f"'source' is one of {DOOR}, {CAMERA}, {PHOTOS}")
        return enrolling.guided(holder)

    def _begun(self, session: Guided | Photos, name: str) -> dict[str, Any]:
        return {"id": session.id, "name": name, "kind": session.kind, "holder": session.holder}

    def _mine(self, caller: Caller, given: Arguments) -> Order:
        """The order that runs, if whoever asks may go on with it."""
        order = self._order
        session = self._daemon.enrolling.session(text(given, "id"))
        invited = order is not None and bool(order.secret)
        allowed = order is not None and (order.secret == _hash(text(given, "secret", "")) if invited else caller.role >= Role.HELPER)
        if order is None or order.session is not session or not allowed:
            raise EnrolmentError("this enrolment is over: begin again")
        return order


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
