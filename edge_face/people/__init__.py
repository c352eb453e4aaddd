"""Who is enrolled: the sealed store, the gallery that matches, guided enrolment, consent and erasure."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.people.commands import PeopleCommands
    from edge_face.people.drift import Reenrolment, needs_reenrolment
    from edge_face.people.enrolment import Enrolled, Enrolment
    from edge_face.people.events import Entry, Event, EventLog
    from edge_face.people.gallery import Gallery
    from edge_face.people.person import Consent, Given, Person, State, Template
    from edge_face.people.sealing import SealBrokenError
    from edge_face.people.store import Store
    from edge_face.people.thresholds import Threshold, threshold_for

# Where each name lives: SQLite, numpy and cryptography are imported only when somebody asks for what needs them.
_HOMES = {
    "PeopleCommands": "commands",
    "Reenrolment": "drift", "needs_reenrolment": "drift",
    "Enrolled": "enrolment", "Enrolment": "enrolment",
    "Entry": "events", "Event": "events", "EventLog": "events",
    "Gallery": "gallery",
    "Consent": "person", "Given": "person", "Person": "person", "State": "person", "Template": "person",
    "SealBrokenError": "sealing",
    "Store": "store",
    "Threshold": "thresholds", "threshold_for": "thresholds",
}

__all__ = [
    "Consent", "Enrolled", "Enrolment", "Entry", "Event", "EventLog", "Gallery", "Given", "PeopleCommands", "Person",
    "Reenrolment", "SealBrokenError", "State", "Store", "Template", "Threshold", "needs_reenrolment", "threshold_for",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
