"""Where people's records and templates lie: sealed under the person's own data key, each bound to its person, a template to its
embedder and its row too. In a protected store a template is a code under the store's key of templates."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge_face.errors import PeopleError
from edge_face.people.cancelable import Code, Protection
from edge_face.people.person import NO_VECTOR, Person, Template
from edge_face.people.records import MOST_TEMPLATES, core_record, vector_bytes, vector_of
from edge_face.people.sealed_records import SealedRecords
from edge_face.people.sealing import SealBrokenError, place, seal, unseal
from edge_face.people.tables import Tables

KIND = "template-key"
"""The record that keeps the key of the templates. A store that has it is protected."""


class SealedTemplates:
    """The table `template`. Whoever writes holds a transaction."""

    def __init__(self, database: Tables, records: SealedRecords) -> None:
        self._database, self._records = database, records
        self._known: dict[str, Protection] = {}

    def protection(self) -> Protection | None:
        """What templates are kept under now, or None. Raises SealBrokenError for a record that was changed."""
        record = self._records.get(KIND, None, "")
        if record is None:
            return None
        try:
            found = Protection.of_record(record)
        except PeopleError as error:
            raise SealBrokenError(str(error)) from error
        # The same object for as long as it is the same key: its projections are drawn once.
        return self._known.setdefault(found.fingerprint, found)

    def protect(self, protection: Protection | None) -> None:
        """From now on templates are kept under this key, or (None) as embeddings. Those that lie here are as they were."""
        if protection is None:
            self._records.drop(KIND, None, "")
        else:
            self._records.put(KIND, protection.record(), None, "")

    def insert(self, key: bytes, person: Person) -> None:
        """A person's templates in the form of the store. Raises PeopleError for too many."""
        if len(person.templates) > MOST_TEMPLATES:
            raise PeopleError(f"a person has at most {MOST_TEMPLATES} templates")
        protection = self.protection()
        for template in person.templates:
            own, kept = secrets.token_hex(8), kept_as(template, protection)
            facts: dict[str, Any] = {"quality": kept.quality, "pose": kept.pose, "wall": kept.wall}
            if kept.code is None:
                face = vector_bytes(kept.embedding)
            else:
                face = kept.code.bits.tobytes()
                facts["code"] = {"key": kept.code.projection.fingerprint, "dimension": kept.code.projection.dimension,
                                 "length": kept.code.length, "codings": kept.code.codings}
            head = json.dumps(facts).encode("utf-8")
            value = len(head).to_bytes(4, "big") + head + face
            self._database.run("INSERT INTO template (id, person, model, sealed) VALUES (?, ?, ?, ?)",
                               [own, person.id, kept.model, seal(key, value, template_place(person.id, kept.model, own))])

    def clear(self, identity: str) -> bool:
        """Deletes them all; were there any?"""
        return self._database.run("DELETE FROM template WHERE person = ?", [identity]) > 0

    def open(self, key: bytes, identity: str, row: Sequence[Any]) -> Template:
        """From a row (id, model, sealed). Raises SealBrokenError, also for a code whose key is gone."""
        own, model, sealed = row
        value = unseal(key, sealed, template_place(identity, model, own), f"a template of person {identity}")
        length = int.from_bytes(value[:4], "big")
        head, face = json.loads(value[4:4 + length]), value[4 + length:]
        code = head.get("code")
        if code is None:
            return Template(vector_of(face), model, head["quality"], head["pose"], head["wall"])
        projection = self._key_of(code["key"], identity).projection(code["dimension"])
        return Template(NO_VECTOR, model, head["quality"], head["pose"], head["wall"],
                        Code(np.frombuffer(face, np.uint8), code["length"], projection, code["codings"]))

    def _key_of(self, fingerprint: str, identity: str) -> Protection:
        if fingerprint not in self._known:
            self.protection()  # another process may have given the store a new one
        if fingerprint not in self._known:
            raise SealBrokenError(f"the key that the templates of person {identity} were protected with is not in the store any more: "
                                  "enrol again, or restore the people store from a backup")
        return self._known[fingerprint]


def kept_as(template: Template, protection: Protection | None) -> Template:
    """The template as a store keeps it under `protection`; one under another key is brought over, which loses a little."""
    code = template.code
    if protection is None:
        return template if code is None else replace(template, embedding=code.vector(), code=None)
    if code is not None and code.projection.fingerprint == protection.fingerprint:
        return template
    vector, codings = (template.embedding, 1) if code is None else (code.vector(), code.codings + 1)
    return replace(template, embedding=NO_VECTOR, code=protection.projection(vector.size).encode(vector, codings))


def template_rows(database: Tables, after: str, until: str) -> dict[str, list[tuple[Any, ...]]]:
    """What `SealedTemplates.open` opens, by person, of those whose ids lie between."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for owner, *rest in database.rows("SELECT person, id, model, sealed FROM template WHERE person > ? AND person <= ? ORDER BY rowid",
                                      [after, until]):
        rows.setdefault(owner, []).append(tuple(rest))
    return rows


def template_place(identity: str, model: str, own: str) -> bytes:
    """What a template is bound to."""
    return place("template.sealed", identity, model, own)


def sealed_core(key: bytes, person: Person) -> bytes:
    """Name, state and consents, sealed."""
    text = json.dumps(core_record(person), ensure_ascii=False, allow_nan=False).encode("utf-8")
    return seal(key, text, place("person.record", person.id))


def open_core(key: bytes, identity: str, sealed: bytes) -> dict[str, Any]:
    """What `sealed_core` sealed, as plain values. Raises SealBrokenError."""
    table: dict[str, Any] = json.loads(unseal(key, sealed, place("person.record", identity), f"the record of person {identity}"))
    return table
