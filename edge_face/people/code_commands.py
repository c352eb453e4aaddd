"""What may be done with codes and cards, as plain values in and out: the command line uses it, and so does the daemon's socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from edge_face.errors import AccessError, PeopleError, StoreError, UsageError
from edge_face.people.code_rules import clean_card, clean_pin, new_pin
from edge_face.people.code_tags import KIND, code_tag, is_taken
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.person import Person
from edge_face.people.store import Store

MOST_CARDS = 8
"""Of one person."""
GUESSES = 5
GUESS_SECONDS = 600.0
"""So many codes that were somebody's, or not the person's, in this time; then nobody may try further."""
_COMMANDS = {"codes.add": "add", "codes.list": "list", "codes.remove": "remove", "codes.test": "test", "codes.who": "who"}


class CodeCommands(CommandTable):
    """Commands on one open store. `changed` is called after whatever changes whom a code lets in: build a new `CodeBook`."""

    table = _COMMANDS

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, wall: Callable[[], float] = time.time,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._changed, self._wall, self._monotonic = store, changed, wall, monotonic
        self._wrong: list[float] = []

    def add(self, who: str, pin: Any = None, card: Any = None, generate: Any = None) -> Answer:
        """One of: a code, a card's number, or the number of digits of a code to be made, which is in the answer this once. A code
        takes the place of the person's old one. A code or card that is somebody's already is refused without saying whose."""
        if sum(value is not None for value in (pin, card, generate)) != 1:
            raise UsageError("either a code, a card, or a code that is made here")
        person = self._find(who)
        made = None
        if generate is not None:
            pin = made = new_pin(generate, lambda text: is_taken(self._store, code_tag(self._store, text, "pin")))
        factor = "card" if pin is None else "pin"
        self._insist_on_patience()
        tag = code_tag(self._store, card if pin is None else pin, factor)
        own = dict(self._of(person.id))
        if tag in own.values():
            raise AccessError(f"'{person.name}' has this {_WORDS[factor]} already")
        if is_taken(self._store, tag):
            self._wrong.append(self._monotonic())
            raise AccessError("this code cannot be taken: choose another, or --generate" if factor == "pin" else
                              "this card is somebody's already: 'edge-face codes list' shows who has cards")
        name = "pin" if factor == "pin" else _free_card(own)
        replaced = name in own
        self._store.put_record(KIND, {"tag": tag, "added": self._wall()}, person.id, name)
        self._note("code.added", person, factor)
        answer: Answer = {"id": person.id, "name": person.name, "what": name, "replaced": replaced}
        return answer if made is None else {**answer, "pin": made}

    def who(self, who: str) -> Answer:
        """Somebody by name or id. Raises PeopleError."""
        person = self._find(who)
        return {"id": person.id, "name": person.name}

    def list(self) -> Answer:
        """Who has a code or cards, and since when; never which."""
        damaged: list[Answer] = []
        rows = []
        for owner, name, value in self._store.records(KIND, lambda who, error: damaged.append({"id": who, "problem": str(error)})):
            try:
                person = self._store.person(owner or "")
            except (PeopleError, StoreError) as error:
                damaged.append({"id": owner, "problem": str(error)})
                continue
            rows.append({"id": person.id, "name": person.name, "state": person.state.value, "what": name, "added": value.get("added")})
        rows.sort(key=lambda row: (str(row["name"]).casefold(), str(row["what"])))
        return {"codes": rows, "damaged": damaged}

    def remove(self, who: str, what: Any) -> Answer:
        """`what`: "pin", "card:1", or "all". Raises AccessError when there is none."""
        person = self._find(who)
        own = [name for name, _ in self._of(person.id)]
        gone = own if what == "all" else [name for name in own if name == what]
        if not gone:
            has = f"has {', '.join(own)}" if own else "has no code and no card"
            raise AccessError(f"'{person.name}' {has}: there is nothing to remove")
        for name in gone:
            self._store.drop_record(KIND, person.id, name)
        self._note("code.removed", person, "all" if what == "all" else gone[0].partition(":")[0])
        return {"id": person.id, "name": person.name, "removed": gone}

    def test(self, who: str, pin: Any = None, card: Any = None) -> Answer:
        """Is that the code, or a card, of this person? Says nothing about others."""
        if (pin is None) == (card is None):
            raise UsageError("either a code or a card")
        person = self._find(who)
        self._insist_on_patience()
        try:
            tag = code_tag(self._store, clean_card(card) if pin is None else clean_pin(pin), "card" if pin is None else "pin")
        except AccessError:
            tag = ""
        found = [name for name, other in self._of(person.id) if other == tag]
        if not found:
            self._wrong.append(self._monotonic())
        return {"id": person.id, "name": person.name, "state": person.state.value, "right": bool(found)}

    def _of(self, owner: str) -> tuple[tuple[str, str], ...]:
        """Names and hashes of one person's codes."""
        records = self._store.records(KIND, lambda who, error: None)
        return tuple((name, str(value.get("tag"))) for who, name, value in records if who == owner)

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


_WORDS = {"pin": "code", "card": "card"}


def _free_card(own: Mapping[str, str]) -> str:
    for number in range(1, MOST_CARDS + 1):
        if f"card:{number}" not in own:
            return f"card:{number}"
    raise AccessError(f"a person has at most {MOST_CARDS} cards: 'edge-face codes remove WHO card:1' takes one away")
