"""What may be done with codes and cards, as plain values in and out: the command line uses it, and so does the daemon's socket.

That somebody has a code for being forced is in no answer but the one to whoever sets or removes it.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from edge_face.errors import AccessError, UsageError
from edge_face.people.code_hash import KIND as PIN
from edge_face.people.code_hash import PinHash, blank, hashed, matches, pin_hash_of, pin_record
from edge_face.people.code_list import code_rows
from edge_face.people.code_rules import clean_card, clean_pin, new_pin
from edge_face.people.code_tags import KIND, card_tag, is_taken
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.person import Person
from edge_face.people.person_numbers import Holder, give_number
from edge_face.people.store import Store
from edge_face.people.totp import enrolment_uri, matching, new_secret
from edge_face.people.totp_records import ACTIVE, PENDING, USED, enrolled_of, totp_record
from edge_face.people.totp_records import KIND as TOTP

MOST_CARDS = 8
"""Of one person."""
GUESSES = 5
GUESS_SECONDS = 600.0
"""So many codes that were somebody's, or not the person's, in this time; then nobody may try further."""
DURESS = "duress"
_COMMANDS = {"codes.add": "add", "codes.list": "list", "codes.remove": "remove", "codes.test": "test", "codes.who": "who",
             "codes.totp": "totp", "codes.confirm": "confirm", "codes.duress": "duress"}


class CodeCommands(CommandTable):
    """Commands on one open store. `changed` is called after whatever changes whom a code lets in: build a new `CodeBook`."""

    table = _COMMANDS

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, wall: Callable[[], float] = time.time,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._changed, self._wall, self._monotonic = store, changed, wall, monotonic
        self._wrong: list[float] = []

    def add(self, who: str, pin: Any = None, card: Any = None, generate: Any = None) -> Answer:
        """One of: a PIN, a card's number, or the number of digits of a PIN to be made, which is in the answer this once. A PIN takes
        the place of the person's old one; it is keyed after the person's number, which is in the answer."""
        if sum(value is not None for value in (pin, card, generate)) != 1:
            raise UsageError("either a PIN, a card, or a PIN that is made here")
        person = self._find(who)
        return self._add_card(person, card) if card is not None else self._add_pin(person, pin, generate)

    def duress(self, who: str, pin: Any) -> Answer:
        """Another PIN of a person who has one: it opens the door like the PIN, and tells hooks and the sealed audit log that the
        person is forced."""
        person = self._find(who)
        kept = self._pin_of(person)
        if kept is None:
            raise AccessError(f"'{person.name}' has no PIN yet: edge-face codes add '{person.name}'")
        given = hashed(self._store.code_key(), person.id, clean_pin(pin, self._number(person)), kept)
        if hmac.compare_digest(given, kept.hash):
            raise AccessError("this is the PIN itself: choose another, which differs in more than one digit")
        self._keep_pin(person, replace(kept, duress=given), PIN)
        return {"id": person.id, "name": person.name, "what": DURESS, "number": self._number(person), "replaced": kept.duress is not None}

    def totp(self, who: str) -> Answer:
        """A new secret for an authenticator app, which is in the answer this once; it counts after `confirm`. Until then an earlier one
        goes on counting."""
        person = self._find(who)
        secret, number = new_secret(), self._number(person)
        self._store.put_record(TOTP, totp_record(secret, self._wall()), person.id, PENDING)
        return {"id": person.id, "name": person.name, "what": TOTP, "number": number, "uri": enrolment_uri(secret, person.name)}

    def confirm(self, who: str, code: Any) -> Answer:
        """The first right code of the app: from now on its codes count, and this one is used."""
        person = self._find(who)
        record = self._store.record(TOTP, person.id, PENDING)
        if record is None:
            raise AccessError(f"no authenticator app of '{person.name}' waits for its first code: edge-face codes add "
                              f"'{person.name}' --totp")
        self._insist_on_patience()
        wall = self._wall()
        step = matching(enrolled_of(record).secret, code, wall) if isinstance(code, str) else None
        if step is None:
            self._wrong.append(self._monotonic())
            raise AccessError("this is not what the app shows now. Six digits are needed, and the clocks of the door and the phone must "
                              f"agree: here it is {time.strftime('%H:%M:%S', time.gmtime(wall))} UTC")
        replaced = self._store.record(TOTP, person.id, ACTIVE) is not None
        self._store.put_record(USED, {"step": step}, person.id)
        self._store.put_record(TOTP, record, person.id, ACTIVE)
        self._store.drop_record(TOTP, person.id, PENDING)
        self._note("code.added", person, TOTP)
        return {"id": person.id, "name": person.name, "what": TOTP, "number": self._number(person), "replaced": replaced}

    def who(self, who: str) -> Answer:
        """Somebody by name or id. Raises PeopleError."""
        person = self._find(who)
        return {"id": person.id, "name": person.name}

    def list(self) -> Answer:
        """Who has what, and since when; never which."""
        return code_rows(self._store)

    def remove(self, who: str, what: Any) -> Answer:
        """`what`: "pin", "totp", "card:1", "duress", or "all". The number stays the person's. Raises AccessError when there is none."""
        person = self._find(who)
        own = self._of(person)
        if what == DURESS:
            return self._remove_duress(person)
        gone = [name for name in own if what in ("all", name)]
        if not gone:
            has = f"has {', '.join(own)}" if own else "has no code and no card"
            raise AccessError(f"'{person.name}' {has}: there is nothing to remove")
        for name in gone:
            if name == PIN:
                self._store.drop_record(PIN, person.id)
                self._store.drop_record(KIND, person.id, PIN)
            elif name == TOTP:
                for state in (PENDING, ACTIVE):
                    self._store.drop_record(TOTP, person.id, state)
                self._store.drop_record(USED, person.id)
            else:
                self._store.drop_record(KIND, person.id, name)
        self._note("code.removed", person, "all" if what == "all" else gone[0].partition(":")[0])
        return {"id": person.id, "name": person.name, "removed": gone}

    def test(self, who: str, pin: Any = None, card: Any = None) -> Answer:
        """Is that the PIN (without the number), what the app shows, or a card, of this person? Says nothing about others."""
        if (pin is None) == (card is None):
            raise UsageError("either a PIN or a card")
        person = self._find(who)
        self._insist_on_patience()
        right = self._is_card(person, card) if pin is None else self._is_code(person, pin)
        if not right:
            self._wrong.append(self._monotonic())
        return {"id": person.id, "name": person.name, "state": person.state.value, "right": right}

    def _add_pin(self, person: Person, pin: Any, generate: Any) -> Answer:
        number = self._number(person)
        made = None if generate is None else new_pin(generate, number)
        text = clean_pin(pin, number) if made is None else made
        before = self._pin_of(person)
        # The salt stays where there is a code for being forced, which was hashed with it: a new PIN must not take that away unsaid.
        base = before if before is not None and before.duress is not None else blank()
        given = hashed(self._store.code_key(), person.id, text, base)
        if base.duress is not None and hmac.compare_digest(given, base.duress):
            raise AccessError("this PIN cannot be taken: choose another")
        self._keep_pin(person, replace(base, hash=given, added=self._wall()), PIN)
        answer: Answer = {"id": person.id, "name": person.name, "what": PIN, "number": number, "replaced": before is not None}
        return answer if made is None else {**answer, "pin": made}

    def _add_card(self, person: Person, card: Any) -> Answer:
        self._insist_on_patience()
        tag = card_tag(self._store, card)
        own = self._cards(person)
        if tag in own.values():
            raise AccessError(f"'{person.name}' has this card already")
        if is_taken(self._store, tag):
            self._wrong.append(self._monotonic())
            raise AccessError("this card is somebody's already: 'edge-face codes list' shows who has cards")
        name = _free_card(own)
        self._store.put_record(KIND, {"tag": tag, "added": self._wall()}, person.id, name)
        self._note("code.added", person, "card")
        return {"id": person.id, "name": person.name, "what": name, "replaced": False}

    def _remove_duress(self, person: Person) -> Answer:
        kept = self._pin_of(person)
        if kept is None or kept.duress is None:
            raise AccessError(f"'{person.name}' has no code for being forced: there is nothing to remove")
        self._keep_pin(person, replace(kept, duress=None), PIN)
        return {"id": person.id, "name": person.name, "removed": [DURESS]}

    def _is_card(self, person: Person, card: Any) -> bool:
        try:
            tag = card_tag(self._store, clean_card(card))
        except AccessError:
            return False
        return any(hmac.compare_digest(other.encode(), tag.encode()) for other in self._cards(person).values())

    def _is_code(self, person: Person, pin: Any) -> bool:
        if not isinstance(pin, str) or not pin.isascii() or not pin.isdigit() or len(pin) > 32:
            return False
        kept = self._pin_of(person)
        if kept is not None and any(matches(hashed(self._store.code_key(), person.id, pin, kept), kept)):
            return True
        app = self._store.record(TOTP, person.id, ACTIVE)
        return app is not None and matching(enrolled_of(app).secret, pin, self._wall()) is not None

    def _pin_of(self, person: Person) -> PinHash | None:
        record = self._store.record(PIN, person.id)
        try:
            return None if record is None else pin_hash_of(record)
        except AccessError:
            return None  # spoilt: a new one takes its place

    def _keep_pin(self, person: Person, kept: PinHash, factor: str) -> None:
        self._store.put_record(PIN, pin_record(kept), person.id)
        self._note("code.added", person, factor)

    def _number(self, person: Person) -> str:
        return give_number(self._store, Holder(person.id, visitor=False), self._wall())

    def _cards(self, person: Person) -> dict[str, str]:
        """Names and hashes."""
        records = self._store.records(KIND, lambda who, error: None)
        return {name: str(value.get("tag")) for owner, name, value in records if owner == person.id and name.startswith("card:")}

    def _of(self, person: Person) -> tuple[str, ...]:
        """What somebody has, a PIN of an earlier version too; not whether there is a code for being forced."""
        return tuple(str(row["what"]) for row in code_rows(self._store)["codes"] if row["id"] == person.id)

    def _find(self, who: Any) -> Person:
        if not isinstance(who, str):
            raise UsageError("'who' is a text")
        return self._store.find(who)

    def _insist_on_patience(self) -> None:
        """Whoever may ask could else find out everybody's code by trying them all."""
        now = self._monotonic()
        self._wrong = [at for at in self._wrong if 0 <= now - at < GUESS_SECONDS]
        if len(self._wrong) >= GUESSES:
            raise AccessError("too many codes were tried: wait ten minutes")

    def _note(self, kind: str, person: Person, factor: str) -> None:
        self._changed()
        self._store.events.append(kind, self._wall(), person.id, {"factor": factor})


def _free_card(own: Mapping[str, str]) -> str:
    for number in range(1, MOST_CARDS + 1):
        if f"card:{number}" not in own:
            return f"card:{number}"
    raise AccessError(f"a person has at most {MOST_CARDS} cards: 'edge-face codes remove WHO card:1' takes one away")
