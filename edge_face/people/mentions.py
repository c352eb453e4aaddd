"""Where somebody is mentioned in what is not their own: other people's events, records of the house."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from edge_face.people.person import name_key
from edge_face.people.sealed_records import SealedRecords

FORGOTTEN = "forgotten"
"""Stands where the person stood."""
INVITATION, REST = "invitation", "code-rest"
"""Records of the house that hold people: `edge_face.people.invitations`, `edge_face.access.code_rest`."""


class Mentions:
    """Finds a person's id and name in plain JSON values."""

    def __init__(self, person: str, name: str) -> None:
        self._person = person
        # As a word: "Al" must not be cut out of "Alarm".
        words = rf"|(?<!\w){re.escape(name)}(?!\w)" if name else ""
        self._pattern = re.compile(re.escape(person) + words, re.IGNORECASE)

    def cleaned(self, value: Any) -> Any:
        """The same with `FORGOTTEN` in their place."""
        if isinstance(value, str):
            return self._pattern.sub(FORGOTTEN, value)
        if isinstance(value, dict):
            return {self.cleaned(key): self.cleaned(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.cleaned(inner) for inner in value]
        return value

    def found_in(self, value: Any) -> bool:
        return bool(self.cleaned(value) != value)


def cut_from_house(records: SealedRecords, person: str, name: str) -> None:
    """Inside a transaction: the invitation by which somebody came goes, and the id out of the codes that rest. What does not open is
    left: nobody can read it."""
    for owner, label, value in list(records.every(INVITATION, lambda who, error: None)):
        same = bool(name) and name_key(str(value.get("name", ""))) == name_key(name)
        if owner is None and (value.get("person") == person or same):
            records.drop(INVITATION, None, label)
    for owner, label, value in list(records.every(REST, lambda who, error: None)):
        people = value.get("people")
        if owner is None and isinstance(people, dict) and person in people:
            records.put(REST, {**value, "people": {who: row for who, row in people.items() if who != person}}, None, label)


def still_named(records: SealedRecords, kinds: Iterable[str], person: str, name: str) -> list[str]:
    """Kinds of records of the house that mention somebody all the same: logins of the same name, labels of visitors. They are whoever's
    who wrote them, and are told, not changed."""
    mentions = Mentions(person, name)
    return [kind for kind in kinds if any(owner is None and mentions.found_in([label, value])
                                          for owner, label, value in records.every(kind, lambda who, error: None))]
