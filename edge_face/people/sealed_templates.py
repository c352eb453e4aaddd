"""Where people's records and templates lie: sealed under the person's own data key, each bound to its person, a template to its
embedder and its row too."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from edge_face.errors import PeopleError
from edge_face.people.person import Person, Template
from edge_face.people.records import MOST_TEMPLATES, core_record, vector_bytes, vector_of
from edge_face.people.sealing import place, seal, unseal
from edge_face.people.tables import Tables


def insert_templates(database: Tables, key: bytes, person: Person) -> None:
    """Inside a transaction. Raises PeopleError for too many."""
    if len(person.templates) > MOST_TEMPLATES:
        raise PeopleError(f"a person has at most {MOST_TEMPLATES} templates")
    for template in person.templates:
        own = secrets.token_hex(8)
        head = json.dumps({"quality": template.quality, "pose": template.pose, "wall": template.wall}).encode("utf-8")
        value = len(head).to_bytes(4, "big") + head + vector_bytes(template.embedding)
        database.run("INSERT INTO template (id, person, model, sealed) VALUES (?, ?, ?, ?)",
                     [own, person.id, template.model, seal(key, value, template_place(person.id, template.model, own))])


def template_rows(database: Tables, after: str, until: str) -> dict[str, list[tuple[Any, ...]]]:
    """What `open_template` opens, by person, of those whose ids lie between."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for owner, *rest in database.rows("SELECT person, id, model, sealed FROM template WHERE person > ? AND person <= ? ORDER BY rowid",
                                      [after, until]):
        rows.setdefault(owner, []).append(tuple(rest))
    return rows


def open_template(key: bytes, identity: str, row: Sequence[Any]) -> Template:
    """From a row (id, model, sealed). Raises SealBrokenError."""
    own, model, sealed = row
    value = unseal(key, sealed, template_place(identity, model, own), f"a template of person {identity}")
    length = int.from_bytes(value[:4], "big")
    head = json.loads(value[4:4 + length])
    return Template(vector_of(value[4 + length:]), model, head["quality"], head["pose"], head["wall"])


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
