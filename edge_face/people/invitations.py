"""Invitations to enrol from home, and the lasting links with which a person sees and takes back what they agreed to.

A secret is told once and kept as a hash, so that whoever reads the store cannot use a link. An invitation is spent by one
enrolment and ends by itself; a lasting link dies with the person. Neither opens a door: see `edge_face.people.admission`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_face.errors import PeopleError, StoreError
from edge_face.people.person import Person, clean_name, is_id, name_key
from edge_face.people.store import Store

INVITATION, LASTING = "invitation", "lasting-link"
"""Kinds of the store's records."""
LONGEST_HOURS = 24.0
MOST = 100
"""Invitations that are open at a time."""
KEPT = 7 * 86_400.0
"""Seconds for which it is shown what became of one."""
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits: nobody guesses one, however often."""
UNKNOWN = "this link is not valid: it was used, withdrawn, ended, or is not whole; ask whoever sent it for a new one"
_FIELDS = {"id", "name", "by", "created", "until", "consent", "state", "person"}
_STATES = ("open", "done", "declined", "withdrawn")


@dataclass(frozen=True, slots=True)
class Invitation:
    """`id` names it to the owner; `by`: the login that made it; wall times. `consent`: what the person answered, None before they did.
    `person`: the id of who came of it."""

    id: str
    name: str
    by: str
    created: float
    until: float
    consent: tuple[str, ...] | None = None
    state: str = "open"
    person: str = ""

    def is_open(self, wall: float) -> bool:
        # A clock that was set back must not give an old link a second life.
        return self.state == "open" and self.created - 300.0 <= wall < self.until

    def word(self, wall: float) -> str:
        """"open", "ended", or what became of it."""
        return "ended" if self.state == "open" and not self.is_open(wall) else self.state


class InvitationDesk:
    """Invitations and lasting links of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def new(self, name: str, hours: float, by: str, wall: float) -> tuple[Invitation, str]:
        """The invitation and its secret, which is told this once. Raises PeopleError for a name that is taken or invited already."""
        name = clean_name(name)
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= LONGEST_HOURS:
            raise PeopleError(f"an invitation holds for at most {LONGEST_HOURS:g} hours: give a number above 0, up to {LONGEST_HOURS:g}")
        if self._store.has_name(name):
            raise PeopleError(f"there is already somebody named '{name}': choose another name, or forget that person first")
        self.tidy(wall)
        there = [one for one in self.every() if one.is_open(wall)]
        if any(name_key(one.name) == name_key(name) for one in there):
            raise PeopleError(f"'{name}' is invited already: withdraw that invitation first")
        if len(there) >= MOST:
            raise PeopleError(f"{MOST} invitations are open: withdraw some, or wait until they end")
        secret = secrets.token_urlsafe(32)
        made = Invitation(secrets.token_hex(8), name, by, wall, wall + 3600.0 * hours)
        self._store.put_record(INVITATION, _record(made), name=_hash(secret))
        return made, secret

    def opened(self, secret: Any, wall: float) -> Invitation:
        """The invitation of a link. Raises PeopleError where there is none that is open, with one sentence for every reason."""
        key = _key(secret)
        record = self._store.record(INVITATION, name=key) if key else None
        found = _invitation(record) if record is not None else None
        if found is None or not found.is_open(wall):
            raise PeopleError(UNKNOWN)
        return found

    def keep(self, secret: str, invitation: Invitation) -> None:
        """In place of what was kept of it."""
        self._store.put_record(INVITATION, _record(invitation), name=_hash(secret))

    def every(self) -> list[Invitation]:
        """The newest first; damaged ones are left out."""
        return sorted((one for _, one in self._kept()), key=lambda one: -one.created)

    def withdraw(self, identity: str) -> Invitation:
        """Raises PeopleError."""
        for name, one in self._kept():
            if one.id == identity and one.state == "open":
                gone = replace(one, state="withdrawn")
                self._store.put_record(INVITATION, _record(gone), name=name)
                return gone
        raise PeopleError("there is no such open invitation: it was used, withdrawn, or has ended")

    def tidy(self, wall: float) -> None:
        """Drops what ended long ago."""
        for name, one in list(self._kept()):
            if wall - one.until > KEPT:
                self._store.drop_record(INVITATION, name=name)

    def lasting(self, person: str) -> str:
        """A new lasting link of a person, in place of an earlier one; its secret is told this once. Raises PeopleError."""
        secret = secrets.token_urlsafe(32)
        self._store.put_record(LASTING, {"hash": _hash(secret)}, person)
        return f"{person}{secret}"

    def owner_of(self, secret: Any) -> Person:
        """Whose lasting link that is. Raises PeopleError with one sentence for every reason."""
        person, key = (secret[:16], _key(secret[16:])) if isinstance(secret, str) else ("", "")
        try:
            record = self._store.record(LASTING, person) if key and is_id(person) else None
            if record is not None and hmac.compare_digest(str(record.get("hash")).encode(), key.encode()):
                return self._store.person(person)
        except StoreError:
            pass
        raise PeopleError("this link is not valid: it is not whole, a newer one has taken its place, or all that was kept is erased")

    def _kept(self) -> list[tuple[str, Invitation]]:
        found = ((name, _invitation(value)) for _, name, value in self._store.records(INVITATION, lambda who, error: None))
        return [(name, one) for name, one in found if one is not None]


def shown(invitation: Invitation, wall: float) -> dict[str, Any]:
    """For the owner's list."""
    return {"id": invitation.id, "name": invitation.name, "by": invitation.by, "created": invitation.created, "until": invitation.until,
            "state": invitation.word(wall)}


def _key(secret: Any) -> str:
    return _hash(secret) if isinstance(secret, str) and SECRET.fullmatch(secret) else ""


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(b"edge-face link\0" + secret.encode("ascii")).hexdigest()


def _record(one: Invitation) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "by": one.by, "created": one.created, "until": one.until,
            "consent": None if one.consent is None else list(one.consent), "state": one.state, "person": one.person}


def _invitation(value: Mapping[str, Any]) -> Invitation | None:
    """None for whatever `_record` cannot have made: a damaged invitation invites nobody."""
    texts = [value.get(name) for name in ("id", "name", "by", "state", "person")]
    times = [value.get("created"), value.get("until")]
    consent = value.get("consent")
    fine = set(value) == _FIELDS and all(isinstance(text, str) for text in texts) and value["state"] in _STATES
    fine = fine and all(isinstance(time, int | float) and not isinstance(time, bool) and -1e12 <= time <= 1e12 for time in times)
    if not fine or not (consent is None or (isinstance(consent, list) and all(isinstance(word, str) for word in consent))):
        return None
    return Invitation(value["id"], value["name"], value["by"], value["created"], value["until"],
                      None if consent is None else tuple(consent), value["state"], value["person"])
