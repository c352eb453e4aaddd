"""What one person may ask for: all that is kept of them (GDPR, articles 15 and 20), and the end of each consent (article 7).

Of codes it is told that there are some and since when, never what would open the door for whoever reads along: no hash, no secret, not
whether there is a second PIN for being forced.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any, ClassVar

from edge_face.errors import StoreError, UnknownError, UsageError
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.commands import PeopleCommands
from edge_face.people.person import Person
from edge_face.people.pictures import picture_records
from edge_face.people.records import person_record
from edge_face.people.store import Store

PAGE = 500
"""Events in one answer."""
ATTENDANCE, GREETING = "attendance", "greeting"
CONSENTS = ("recognise", "show", "pictures", ATTENDANCE, GREETING)
"""Everything that can be taken back, "recognise" with "show" and "pictures" along."""
_PLAIN = {"admission": ("source", "begun", "approved", "passed"), "alias": ("alias",), ATTENDANCE: ("wall", "how"),
          GREETING: ("text", "wall", "how"), "code-number": ("number",), "pin": ("added",), "code": ("added",), "totp": ("added",)}
"""Fields that are told of a record, by its kind; of a kind that is not named here, only that there is one."""
_WHOLE = ("rights",)


class SubjectCommands(CommandTable):
    """`privacy.export`, `privacy.recording`, `privacy.withdraw` on one open store; `people` does what consents need."""

    table: ClassVar[dict[str, str]] = {"privacy.export": "export", "privacy.withdraw": "withdraw", "privacy.recording": "recording"}

    def __init__(self, store: Store, people: PeopleCommands, changed: Callable[[], None] = lambda: None, *,
                 wall: Callable[[], float] = time.time) -> None:
        self._store, self._people, self._changed, self._wall = store, people, changed, wall

    def export(self, who: Any, after: Any = None) -> Answer:
        """All that is kept of somebody (`codes`: protected templates as they are kept, in base64); with `after` further events only, those
        numbered higher. `next`: ask again with it until it is null."""
        if not isinstance(who, str) or not (after is None or (isinstance(after, int) and not isinstance(after, bool))):
            raise UsageError("'who' is a text, 'after' the number of an event")
        person = self._store.find(who)
        events = self._store.events.query(PAGE + 1, person=person.id, oldest=True, above=after)
        more = len(events) > PAGE
        rows = [{"number": e.id, "wall": e.wall, "kind": e.kind, "details": dict(e.details)} for e in events[:PAGE]]
        answer: Answer = {"id": person.id, "events": rows, "next": rows[-1]["number"] if more else None}
        if after is not None:
            return answer
        whole = whole_record(self._store, person)
        pictures, codes = whole.pop("pictures"), whole.pop("codes")
        return {**answer, "person": whole, "codes": codes, "pictures": pictures,
                "alias": self._store.alias(person.id), "records": self._records(person.id),
                "recordings": [{"number": found.number, "wall": found.wall, "frames": found.frames, "originals": found.original,
                                "shown": person.id in found.shown} for found in self._store.recordings.about(person.id)],
                "mentioned_in": self._store.mentioned(person.id, person.name)}

    def recording(self, who: Any, number: Any) -> Answer:
        """The picture of one of the `recordings`, as the door keeps it: others are hidden in it. Raises UnknownError."""
        person = self._store.find(str(who))
        if number not in [found.number for found in self._store.recordings.about(person.id)]:
            raise UnknownError(f"there is no picture {number} that is about '{person.name}'")
        return {"jpeg": base64.b64encode(self._store.recordings.opened(number).picture()).decode("ascii")}

    def withdraw(self, who: Any, what: Any, how: Any = "a command") -> Answer:
        """Takes consents back, some of `CONSENTS`; what they allowed is erased with them. Answers as `people.consent`."""
        if not isinstance(what, list) or not what or not set(what) <= set(CONSENTS) or not isinstance(how, str):
            raise UsageError(f"what is taken back is a list of some of {', '.join(CONSENTS)}")
        person = self._store.find(str(who))
        gone = [kind for kind in (ATTENDANCE, GREETING) if kind in what and self._store.drop_record(kind, person.id)]
        for kind in gone:
            self._store.events.append(f"person.{kind}", self._wall(), person.id, {"given": False})
        if gone:
            self._changed()
        asked = [question for question in what if question not in (ATTENDANCE, GREETING)]
        if asked:
            return self._people.consent(person.id, withdraw=asked, how=how)
        return self._people.show(person.id)

    def _records(self, person: str) -> list[Answer]:
        found: list[Answer] = []
        for kind in self._store.kinds():
            for owner, name, value in self._store.records(kind, _ignored):
                if owner == person:
                    told = value if kind in _WHOLE else {key: value[key] for key in _PLAIN.get(kind, ()) if key in value}
                    found.append({"kind": kind, "name": name if kind == "code" else "", **told})
        return found


def whole_record(store: Store, person: Person) -> Answer:
    """A person with `pictures` and `codes` (protected templates as they are kept, in base64)."""
    codes = [base64.b64encode(template.code.bits.tobytes()).decode("ascii") for template in person.templates if template.code is not None]
    return {**person_record(person), "pictures": picture_records(store.pictures(person.id)), "codes": codes}


def _ignored(who: str | None, error: StoreError) -> None:
    """A damaged record tells nothing of anybody."""
