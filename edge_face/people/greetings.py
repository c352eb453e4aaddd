"""How somebody wishes to be greeted when the door lets them in: a short text of their own choice, kept sealed and gone with the person.

Nobody is greeted who did not choose a text. It is read on the street by whoever stands there, which is said where it is asked for;
that it was given is the consent, and is kept with it.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from edge_face.errors import PeopleError, StoreError, UsageError
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.person import State
from edge_face.people.store import Store

KIND = "greeting"
LONGEST = 60
"""Characters (code points after NFC)."""
Damaged = Callable[[str | None, StoreError], None]


class GreetingCommands(CommandTable):
    """`people.greet` on one open store. `changed` is called after a change; `wall` dates it."""

    table: ClassVar[Mapping[str, str]] = {"people.greet": "greet"}

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, wall: Callable[[], float] = time.time) -> None:
        self._store, self._changed, self._wall = store, changed, wall

    def greet(self, who: Any, text: Any = None, how: Any = "a command") -> Answer:
        """Sets somebody's greeting, an empty text takes it away; without a text it is only shown. `how` it was chosen, in words."""
        if not isinstance(who, str) or not isinstance(how, str):
            raise UsageError("'who' and 'how' are texts")
        person = self._store.find(who)
        if text is not None:
            wished = clean_greeting(text)
            if wished:
                self._store.put_record(KIND, {"text": wished, "wall": self._wall(), "how": how[:100]}, person.id)
            else:
                self._store.drop_record(KIND, person.id)
            self._changed()
            self._store.events.append("person.greeting", self._wall(), person.id, {"given": bool(wished)})
        record = self._store.record(KIND, person.id) or {}
        return {"id": person.id, "name": person.name, "greeting": record.get("text"), "wall": record.get("wall"), "how": record.get("how")}


def clean_greeting(text: Any) -> str:
    """As it is kept: NFC, in one line; empty for nothing but white space. Raises PeopleError, UsageError."""
    if not isinstance(text, str):
        raise UsageError("a greeting is a text")
    cleaned = " ".join(unicodedata.normalize("NFC", text).split())
    if len(cleaned) > LONGEST:
        raise PeopleError(f"a greeting has at most {LONGEST} characters, this one has {len(cleaned)}: shorten it")
    for character in cleaned:
        # What turns or hides text would make the page show something else than was typed. Joiners belong to how some scripts are written.
        if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cf") and character not in "\u200c\u200d":
            raise PeopleError(f"a greeting cannot hold the invisible character U+{ord(character):04X}: leave it out")
    return cleaned


def greetings_of(store: Store, damaged: Damaged | None = None) -> dict[str, str]:
    """Everybody's greeting by id. A damaged one is handed to `damaged` and left out, and so is that of whoever is not active."""
    ignore: Damaged = damaged or (lambda who, error: None)
    found: dict[str, str] = {}
    for owner, _, value in store.records(KIND, ignore):
        text = value.get("text")
        if owner is None or not isinstance(text, str):
            continue
        try:
            if store.person(owner).state is not State.SUSPENDED:
                found[owner] = text[:LONGEST]
        except PeopleError:
            continue
        except StoreError as error:
            ignore(owner, error)
    return found
