"""The store's desk for sealed records, and the keys and aliases that other rooms need. `Store` is one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edge_face.errors import PeopleError, StoreError
from edge_face.people.database import Database
from edge_face.people.key_ring import KeyRing
from edge_face.people.mentions import still_named
from edge_face.people.sealed_records import Record, SealedRecords, every_kind
from edge_face.people.sealing import SealBrokenError
from edge_face.people.tombstones import Tombstones


class RecordDesk:
    """Records of any kind, sealed; used through `Store`."""

    _database: Database
    _keys: KeyRing
    _stones: Tombstones
    _records: SealedRecords

    def put_record(self, kind: str, value: Mapping[str, Any], owner: str | None = None, name: str = "") -> None:
        """Seals a record of any kind in place of the one of the same kind, owner and name. That of an owner (a person's id)
        dies with the person. Raises PeopleError for an owner who is not there, or no plain JSON."""
        with self._database.transaction():
            self._records.put(kind, value, self._there(owner), name)

    def record(self, kind: str, owner: str | None = None, name: str = "") -> dict[str, Any] | None:
        """One record. Raises SealBrokenError."""
        return None if owner is not None and self._stones.covers(owner) else self._records.get(kind, owner, name)

    def records(self, kind: str, damaged: Callable[[str | None, StoreError], None] | None = None) -> Iterator[Record]:
        """All records of a kind: owner, name, value. What was tampered with is handed to `damaged` (owner and what is wrong)
        and left out; without it SealBrokenError is raised."""
        forgotten = self._stones.check()
        return (r for r in self._records.every(kind, damaged) if r[0] is None or not forgotten(r[0]))

    def drop_record(self, kind: str, owner: str | None = None, name: str = "") -> bool:
        """Was there such a record? Its bytes are overwritten."""
        with self._database.transaction():
            dropped = self._records.drop(kind, owner, name)
        if dropped:
            self._database.fold()
        return dropped

    def kinds(self) -> list[str]:
        """The kinds of which there are records, of people or the house."""
        return every_kind(self._database)

    def mentioned(self, identity: str, name: str) -> list[str]:
        """Kinds of records of the house that name somebody all the same (`edge_face.people.mentions.still_named`)."""
        return still_named(self._records, every_kind(self._database), identity, name)

    def alias(self, identity: str) -> str | None:
        """What a person is called where no id and no name may be: 16 hexadecimal digits, keyed by the data key, so that
        nobody can link them once the person is erased. None for somebody who is not there."""
        return None if self._stones.covers(identity) else self._records.alias(identity)

    def aliases(self) -> dict[str, str]:
        """The aliases of everybody by id; who is damaged is left out."""
        found: dict[str, str] = {}
        for identity, in self._database.rows("SELECT id FROM person ORDER BY id"):
            with contextlib.suppress(SealBrokenError):
                alias = self.alias(identity)
                if alias is not None:
                    found[identity] = alias
        return found

    def audit_key(self) -> bytes:
        """The key of the audit log's chain; the same for as long as the store lives, also under a new device key."""
        return self._keys.audit

    def code_key(self) -> bytes:
        """The key of the hashes of codes and cards; as lasting."""
        return self._keys.codes

    def _there(self, owner: str | None) -> str | None:
        if owner is not None and self._stones.covers(owner):
            raise PeopleError(f"there is nobody with the id {owner}: 'edge-face people list' shows who is enrolled")
        return owner
