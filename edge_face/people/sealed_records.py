"""Sealed records of any kind: what a person may do, codes, visitors, calendars.

A record of a person is sealed under that person's data key and dies with the person. Kind, owner, name and layout are bound
to it as associated data; its name lies in the database as a keyed hash and, sealed, with the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edge_face.errors import PeopleError, StoreError
from edge_face.people.sealing import SealBrokenError, derive, place, seal, tag, unseal
from edge_face.people.tables import Tables

KIND = re.compile(r"[a-z][a-z0-9.-]{0,31}")
ALIAS = "alias"
"""The kind of the record that keeps a person's alias when the data key is renewed."""
LONGEST_NAME = 200
LONGEST_VALUE = 1 << 18
"""Bytes of JSON."""

Value = dict[str, Any]
Record = tuple[str | None, str, Value]
"""Owner, name, value."""


class SealedRecords:
    """The table `sealed_record`. `data_key` gives a person's key, or None for somebody who is not there; `own_key` seals
    what belongs to nobody. Whoever writes holds a transaction."""

    def __init__(self, database: Tables, own_key: bytes, data_key: Callable[[str], bytes | None]) -> None:
        self._database, self._own_key, self._data_key = database, own_key, data_key

    def put(self, kind: str, value: Mapping[str, Any], owner: str | None, name: str) -> None:
        """In place of the record of the same kind, owner and name, if there is one. Raises PeopleError for what cannot be a
        record and for an owner who is not there."""
        key = self._key(owner)
        if key is None:
            raise PeopleError(f"there is nobody with the id {owner}: 'edge-face people list' shows who is enrolled")
        mark, text = _mark(key, _checked_name(name)), _text(_checked_kind(kind), name, value)
        sealed = seal(key, text, _place(kind, owner, mark))
        if not self._database.run("UPDATE sealed_record SET sealed = ? WHERE kind = ? AND person IS ? AND name_tag = ?",
                                  [sealed, kind, owner, mark]):
            self._database.run("INSERT INTO sealed_record (kind, person, name_tag, sealed) VALUES (?, ?, ?, ?)",
                               [kind, owner, mark, sealed])

    def get(self, kind: str, owner: str | None, name: str) -> Value | None:
        """Raises SealBrokenError for one that was changed or moved."""
        key = self._key(owner)
        if key is None:
            return None
        mark = _mark(key, name)
        row = self._database.row("SELECT sealed FROM sealed_record WHERE kind = ? AND person IS ? AND name_tag = ?",
                                 [kind, owner, mark])
        return None if row is None else _opened(key, kind, owner, mark, row[0])[1]

    def every(self, kind: str, damaged: Callable[[str | None, StoreError], None] | None = None) -> Iterator[Record]:
        """All of a kind, by owner, in the order in which they came. What was tampered with is handed to `damaged` (owner and
        what is wrong) and left out; without it SealBrokenError is raised."""
        rows = self._database.rows("SELECT person, name_tag, sealed FROM sealed_record WHERE kind = ? ORDER BY person, rowid", [kind])
        keys: dict[str | None, bytes | None] = {}
        for owner, mark, sealed in rows:
            try:
                if owner not in keys:
                    keys[owner] = self._key(owner)
                key = keys[owner]
                if key is None:
                    continue  # erased while somebody was reading
                name, value = _opened(key, kind, owner, mark, sealed)
            except SealBrokenError as error:
                if damaged is None:
                    raise
                damaged(owner, error)
                continue
            yield owner, name, value

    def alias(self, owner: str) -> str | None:
        """None for somebody who is not there. Raises SealBrokenError."""
        key = self._data_key(owner)
        if key is None:
            return None
        kept = self.get(ALIAS, owner, "")
        return alias_of(key, owner) if kept is None else str(kept[ALIAS])

    def drop(self, kind: str, owner: str | None, name: str) -> bool:
        """Was there one?"""
        key = self._key(owner)
        return key is not None and self._database.run("DELETE FROM sealed_record WHERE kind = ? AND person IS ? AND name_tag = ?",
                                                      [kind, owner, _mark(key, name)]) > 0

    def clear(self, owner: str) -> None:
        """All records of a person: their key may be damaged."""
        self._database.run("DELETE FROM sealed_record WHERE person = ?", [owner])

    def _key(self, owner: str | None) -> bytes | None:
        return self._own_key if owner is None else self._data_key(owner)


def every_kind(database: Tables) -> list[str]:
    """The kinds of which there are records."""
    return [kind for kind, in database.rows("SELECT DISTINCT kind FROM sealed_record ORDER BY kind")]


def resealed(kind: str, owner: str | None, mark: bytes, sealed: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """A record under another key: its new keyed hash and seal. Raises SealBrokenError."""
    name, value = _opened(old, kind, owner, mark, sealed)
    fresh = _mark(new, name)
    return fresh, seal(new, _text(kind, name, value), _place(kind, owner, fresh))


def alias_of(key: bytes, identity: str) -> str:
    """What a data key calls its person: 16 hexadecimal digits."""
    return tag(derive(key, "alias"), identity.encode("ascii", "replace")).hex()[:16]


def _mark(key: bytes, name: str) -> bytes:
    return tag(derive(key, "names of records"), name.encode("utf-8", "surrogatepass"))


def _place(kind: str, owner: str | None, mark: bytes) -> bytes:
    return place("sealed_record.sealed", kind, owner, mark)


def _opened(key: bytes, kind: str, owner: str | None, mark: bytes, sealed: bytes) -> tuple[str, Value]:
    what = f"a record ({kind}) of {'the house' if owner is None else f'person {owner}'}"
    name, value = json.loads(unseal(key, sealed, _place(kind, owner, mark), what))
    return name, value


def _checked_kind(kind: str) -> str:
    if not KIND.fullmatch(kind):
        raise PeopleError(f"{kind!r} is no kind of record: small letters, digits, '.', '-', at most 32")
    return kind


def _checked_name(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise PeopleError(f"the name of a record has at most {LONGEST_NAME} characters")
    return name


def _text(kind: str, name: str, value: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps([name, dict(value)], ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise PeopleError(f"a record ({kind}) is an object of plain JSON values") from error
    if len(text) > LONGEST_VALUE:
        raise PeopleError(f"a record ({kind}) has at most {LONGEST_VALUE} bytes")
    return text
