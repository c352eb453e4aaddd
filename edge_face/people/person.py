"""Who a person is: random id, name, state, the consents, templates. Plain data, no disk and no keys."""

from __future__ import annotations

import enum
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from edge_face.errors import PeopleError
from edge_face.people.cancelable import Code
from edge_face.types import Floats

LONGEST_NAME = 80
"""Characters (code points after NFC)."""
ID_PATTERN = re.compile(r"[0-9a-f]{16}")
LARGEST_DIMENSION = 4096
NO_VECTOR: Floats = np.zeros(0, np.float32)


class State(enum.StrEnum):
    """Only active people are matched."""

    PENDING = "pending"
    """Not complete: no consent to be recognised, or no templates."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Set aside by the owner of the door: kept, but neither recognised nor shown."""


@dataclass(frozen=True, slots=True)
class Given:
    """A consent that was given: wall time and how, in words ("asked on the terminal", "--consent")."""

    wall: float
    how: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Three questions, three answers; None is no. `pictures`: the aligned crops of the enrolment are kept, which is only asked
    of who is asked for it."""

    recognise: Given | None = None
    show: Given | None = None
    pictures: Given | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One enrolled face: a unit vector, the embedder that made it, quality 0 to 1, pose label, wall time. A protected one has a
    `code` in place of the vector, which is then empty (`edge_face.people.cancelable`).

    Raises PeopleError for what is no unit vector.
    """

    # Never in a log, not even by accident: what prints a template prints no face.
    embedding: Floats = field(repr=False)
    model: str
    quality: float = 1.0
    pose: str = "straight"
    wall: float = 0.0
    code: Code | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.code is not None:
            object.__setattr__(self, "embedding", NO_VECTOR)
            return
        vector = np.array(self.embedding, dtype=np.float32)
        if vector.ndim != 1 or not 0 < vector.size <= LARGEST_DIMENSION or not np.isfinite(vector).all():
            raise PeopleError("a template is a vector of finite numbers, this one is not: enrol again")
        if abs(float(np.linalg.norm(vector)) - 1.0) > 1e-3:
            raise PeopleError("a template has length 1, this one has not: enrol again")
        vector.flags.writeable = False
        object.__setattr__(self, "embedding", vector)

    @property
    def direction(self) -> Floats:
        """The unit vector; of a protected template what comes back of it, for other doors and other keys."""
        return self.embedding if self.code is None else self.code.vector()


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody who is enrolled. `id` is random and says nothing about the person; `created` is wall time."""

    id: str
    name: str
    state: State
    consent: Consent
    created: float
    templates: tuple[Template, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The embedders that made the templates, sorted."""
        return tuple(sorted({t.model for t in self.templates}))

    @property
    def recognisable(self) -> bool:
        """May the door look for this person at all?"""
        return self.state is State.ACTIVE and self.consent.recognise is not None

    @property
    def shown(self) -> bool:
        """May this person leave the process sharp, once recognised?"""
        return self.recognisable and self.consent.show is not None


def new_id() -> str:
    """64 random bits in hexadecimal."""
    return secrets.token_hex(8)


def is_id(text: str) -> bool:
    """Has it the shape of an id? No name has."""
    return ID_PATTERN.fullmatch(text) is not None


def clean_name(name: str) -> str:
    """The name as it is kept: NFC, trimmed, inner white space single. Raises PeopleError.

    Any script is welcome. Left out are control characters, lone surrogates, line separators, marks that turn the
    direction of writing (they make a list show something other than what it holds), and what looks like a path.
    """
    if not isinstance(name, str):
        raise PeopleError("a name is a text")
    text = unicodedata.normalize("NFC", name).strip()
    if not text:
        raise PeopleError("the name is empty: give at least one letter")
    for character in text:
        if _forbidden(character):
            raise PeopleError(f"a name cannot hold the invisible character U+{ord(character):04X}: leave it out")
    text = " ".join(text.split())
    if len(text) > LONGEST_NAME:
        raise PeopleError(f"a name has at most {LONGEST_NAME} characters, this one has {len(text)}: shorten it")
    if "/" in text or "\\" in text or not text.strip(". "):
        raise PeopleError(f"'{text}' looks like a path, not like a name: leave out slashes, and give at least one letter")
    if text.startswith("-"):
        raise PeopleError(f"the name '{text}' begins with a dash, which commands take for an option: begin it with something else")
    if is_id(text):
        raise PeopleError(f"'{text}' looks like the id of a person and cannot be a name: add something to it")
    if not any(unicodedata.category(c)[0] in "LNSP" for c in text):
        raise PeopleError("a name needs something that can be seen: a letter or a digit")
    return text


def name_key(name: str) -> str:
    """What two names are compared by: without regard to case and to compatibility forms (Unicode caseless matching)."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()


def of_model(templates: Iterable[Template], model: str) -> tuple[Template, ...]:
    """Those that this embedder made; others are never compared."""
    return tuple(t for t in templates if t.model == model)


def _forbidden(character: str) -> bool:
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Co", "Zl", "Zp"):
        return True
    # Joiners are part of how Persian, Hindi and others are written; the rest of "format" hides or turns text.
    return category == "Cf" and character not in "\u200c\u200d"


def settled(person: Person) -> Person:
    """Nobody is active without templates and consent."""
    complete = person.consent.recognise is not None and bool(person.templates)
    return person if complete or person.state is State.SUSPENDED else replace(person, state=State.PENDING)
