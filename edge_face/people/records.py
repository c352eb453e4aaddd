"""People as plain JSON values: what is sealed in the store, carried through the control socket, and exported."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge_face.errors import PeopleError
from edge_face.people.person import Consent, Given, Person, State, Template, clean_name, is_id
from edge_face.types import Floats

MOST_TEMPLATES = 64
"""Of one person, from anywhere: more than any enrolment makes."""
_LONGEST_TEXT = 200
_LARGEST = 1e300


def vector_bytes(vector: Floats) -> bytes:
    """Little-endian float32, the same on every machine."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def vector_of(raw: bytes) -> Floats:
    """Raises PeopleError for bytes that are no float32 vector."""
    if not raw or len(raw) % 4:
        raise PeopleError("a template is damaged: enrol again")
    return np.frombuffer(raw, dtype="<f4").astype(np.float32)


def consent_record(consent: Consent) -> dict[str, Any]:
    return {question: _given_record(getattr(consent, question)) for question in ("recognise", "show", "pictures")}


def consent_of(value: Any) -> Consent:
    """Raises PeopleError."""
    table = _table(value, "consent")
    return Consent(_given_of(table.get("recognise")), _given_of(table.get("show")), _given_of(table.get("pictures")))


def template_record(template: Template) -> dict[str, Any]:
    return {"embedding": base64.b64encode(vector_bytes(template.direction)).decode("ascii"), "model": template.model,
            "quality": template.quality, "pose": template.pose, "wall": template.wall}


def template_of(value: Any) -> Template:
    """Raises PeopleError."""
    table = _table(value, "template")
    try:
        raw = base64.b64decode(_text(table.get("embedding"), "an embedding", 1 << 17), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PeopleError("a template is damaged: enrol again") from error
    return Template(vector_of(raw), _text(table.get("model"), "a template's model"),
                    _number(table.get("quality"), "a template's quality"), _text(table.get("pose"), "a template's pose"),
                    _number(table.get("wall"), "a template's time"))


def templates_of(values: Any) -> tuple[Template, ...]:
    """Raises PeopleError."""
    if not isinstance(values, list) or len(values) > MOST_TEMPLATES:
        raise PeopleError(f"templates are a list of at most {MOST_TEMPLATES}")
    return tuple(template_of(v) for v in values)


def person_record(person: Person, templates: Iterable[Template] | None = None) -> dict[str, Any]:
    """Everything that is known of a person."""
    return {"id": person.id, **core_record(person),
            "templates": [template_record(t) for t in (person.templates if templates is None else templates)]}


def person_of(value: Any) -> Person:
    """Raises PeopleError, naming what is wrong."""
    table = _table(value, "person")
    identity = table.get("id")
    if not isinstance(identity, str) or not is_id(identity):
        raise PeopleError("a person has an id of 16 hexadecimal digits")
    person = core_of(identity, table, templates_of(table.get("templates")))
    return replace(person, name=clean_name(person.name))


def core_record(person: Person) -> dict[str, Any]:
    """A person without id and templates."""
    return {"name": person.name, "state": person.state.value, "consent": consent_record(person.consent),
            "created": person.created}


def core_of(identity: str, table: Mapping[str, Any], templates: tuple[Template, ...]) -> Person:
    """Raises PeopleError."""
    try:
        state = State(str(table.get("state")))
    except ValueError as error:
        raise PeopleError(f"a person's state is one of {', '.join(State)}") from error
    return Person(identity, _text(table.get("name"), "a name"), state, consent_of(table.get("consent")),
                  _number(table.get("created"), "the time of enrolment"), templates)


def _given_record(given: Given | None) -> list[Any] | None:
    return None if given is None else [given.wall, given.how]


def _given_of(value: Any) -> Given | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise PeopleError("a consent is null, or when and how it was given: [seconds, \"how\"]")
    return Given(_number(value[0], "the time of a consent"), _text(value[1], "how a consent was given"))


def _table(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PeopleError(f"a {what} is an object with named values")
    return value


def _text(value: Any, what: str, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise PeopleError(f"{what} is a text of at most {longest} characters")
    return value


def _number(value: Any, what: str) -> float:
    # Compared, not asked whether it is finite: JSON has whole numbers that no float holds.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST < value < _LARGEST:
        raise PeopleError(f"{what} is a number")
    return float(value)
