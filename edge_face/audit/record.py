"""One record of the audit log: codes and numbers, a keyed alias, never a name, a code, a face or free text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_face.errors import AuditError

Detail = bool | int | float | str | None | tuple[str, ...]
WORD = re.compile(r"[a-z][a-z0-9_.-]{0,47}")
"""Kinds, authorities, names of details, and texts in details: codes of ours."""
ALIAS = re.compile(r"[0-9a-f]{16,64}")
SEALED = re.compile(r"[A-Za-z0-9_-]{39}")
_HEX = re.compile(r"[0-9a-f]{16,}")
MOST_DETAILS = 40
MOST_WORDS = 24
"""In one list."""
LARGEST = 1 << 53
"""Numbers beyond are not the same to everybody who reads JSON."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What is appended. `wall`: seconds since 1970, UTC. `subject`: the keyed alias of a person (hexadecimal), None for nobody
    or for an unknown face. `authority`: on what a release rests. `details`: codes, finite numbers, true, false, null and
    lists of codes. `sealed`: what only the device's key opens (`edge_face.audit.sealed`). Raises AuditError for anything else."""

    kind: str
    wall: float
    subject: str | None = None
    authority: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    sealed: str | None = None

    def __post_init__(self) -> None:
        _insist(isinstance(self.kind, str) and WORD.fullmatch(self.kind), "its kind is no short word of small letters")
        _insist(_is_number(self.wall) and 0 <= self.wall < LARGEST, "its time is no number of seconds since 1970")
        _insist(self.subject is None or (isinstance(self.subject, str) and ALIAS.fullmatch(self.subject)),
                "its subject is no keyed alias")
        _insist(self.authority is None or (isinstance(self.authority, str) and WORD.fullmatch(self.authority)),
                "its authority is no short word of small letters")
        _insist(self.sealed is None or (isinstance(self.sealed, str) and SEALED.fullmatch(self.sealed)), "what is sealed in it is no seal")
        _insist(isinstance(self.details, Mapping) and len(self.details) <= MOST_DETAILS, f"it has more than {MOST_DETAILS} details")
        for name, value in self.details.items():
            _insist(isinstance(name, str) and WORD.fullmatch(name), "a detail's name is no short word of small letters")
            _insist(is_detail(value), f"its detail '{name}' is no code and no finite number")


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it stands in the log. `number` counts from 1 without a gap; `monotonic`: seconds of the machine's steady
    clock, which begins anew with each start."""

    number: int
    monotonic: float
    record: AuditRecord


def is_detail(value: object) -> bool:
    """May this stand in a record? Ids of people may not: they are aliased."""
    if isinstance(value, tuple | list):
        return len(value) <= MOST_WORDS and all(isinstance(word, str) and is_detail(word) for word in value)
    if isinstance(value, str):
        return bool(WORD.fullmatch(value)) and not _HEX.fullmatch(value)
    return value is None or isinstance(value, bool) or _is_number(value)


def body_of(number: int, monotonic: float, record: AuditRecord) -> bytes:
    """The bytes that are chained: JSON without spaces, beginning with the number."""
    table: dict[str, Any] = {"n": number, "t": round(record.wall, 3), "m": round(monotonic, 3), "k": record.kind}
    if record.subject is not None:
        table["s"] = record.subject
    if record.authority is not None:
        table["a"] = record.authority
    if record.sealed is not None:
        table["x"] = record.sealed
    if record.details:
        table["d"] = dict(record.details)
    return json.dumps(table, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def entry_of(body: bytes) -> Entry:
    """The opposite. Raises AuditError."""
    try:
        table = json.loads(body)
        details = {name: tuple(value) if isinstance(value, list) else value for name, value in table.get("d", {}).items()}
        record = AuditRecord(table["k"], table["t"], table.get("s"), table.get("a"), details, table.get("x"))
        return Entry(table["n"], table["m"], record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AuditError("a record of the audit log cannot be read: 'edge-face audit verify' finds the first bad place") from error


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST and (isinstance(value, int) or math.isfinite(value))


def _insist(right: object, what: str) -> None:
    if not right:
        # What it holds is not repeated: it may be what must not be written down.
        raise AuditError(f"a record for the audit log is refused: {what}")
