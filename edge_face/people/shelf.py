"""Where kept pictures lie: sealed under the person's own data key, each bound to its person and its row."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

from edge_face.errors import PeopleError
from edge_face.people.person import Person
from edge_face.people.pictures import MOST_PICTURES, Picture, facts_of, picture_from
from edge_face.people.sealing import SealBrokenError, place, seal, unseal
from edge_face.people.tables import Tables


class Shelf:
    """The table `picture`. Whoever writes holds a transaction."""

    def __init__(self, database: Tables) -> None:
        self._database = database

    def put(self, key: bytes, person: str, pictures: Sequence[Picture]) -> None:
        """More pictures of a person. Raises PeopleError for too many."""
        if self.count(person) + len(pictures) > MOST_PICTURES:
            raise PeopleError(f"of one person at most {MOST_PICTURES} pictures are kept")
        for picture in pictures:
            own = secrets.token_hex(8)
            head = json.dumps(facts_of(picture), allow_nan=False).encode("utf-8")
            value = len(head).to_bytes(4, "big") + head + picture.png
            self._database.run("INSERT INTO picture (id, person, sealed) VALUES (?, ?, ?)",
                               [own, person, seal(key, value, picture_place(person, own))])

    def of(self, key: bytes, person: str) -> tuple[Picture, ...]:
        """In the order in which they came. Raises SealBrokenError."""
        rows = self._database.rows("SELECT id, sealed FROM picture WHERE person = ? ORDER BY rowid", [person])
        return tuple(_opened(key, person, own, sealed) for own, sealed in rows)

    def count(self, person: str) -> int:
        row = self._database.row("SELECT count(*) FROM picture WHERE person = ?", [person])
        return int(row[0]) if row else 0

    def clear(self, person: str) -> bool:
        """Deletes them all; were there any?"""
        return self._database.run("DELETE FROM picture WHERE person = ?", [person]) > 0

    def drop_oldest(self, size: int) -> int:
        """Deletes the oldest of whomever, until `size` bytes are gone; how many there were."""
        dropped = 0
        while size > 0:
            row = self._database.row("SELECT rowid, length(sealed) FROM picture ORDER BY rowid LIMIT 1")
            if row is None:
                break
            self._database.run("DELETE FROM picture WHERE rowid = ?", [row[0]])
            dropped, size = dropped + 1, size - row[1]
        return dropped


def insist_on_consent(person: Person, pictures: Sequence[Picture]) -> None:
    """Raises PeopleError for pictures of somebody who did not agree to leave them here."""
    if pictures and (person.consent.pictures is None or person.consent.recognise is None):
        raise PeopleError(f"no picture of '{person.name}' is kept without the consent to keep them and to be recognised")


def picture_place(person: str, own: str) -> bytes:
    """What a picture is bound to."""
    return place("picture.sealed", person, own)


def _opened(key: bytes, person: str, own: str, sealed: bytes) -> Picture:
    value = unseal(key, sealed, picture_place(person, own), f"a picture of person {person}")
    length = int.from_bytes(value[:4], "big")
    try:
        return picture_from(value[4 + length:], json.loads(value[4:4 + length]))
    except (PeopleError, ValueError) as error:
        raise SealBrokenError(f"a picture of person {person} cannot be read: 'edge-face people pictures WHO --forget' drops "
                              "them") from error
