"""Kinds of events in words, and in groups by which a page filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_face.kiosk.words import _

WORDS: dict[str, Any] = {
    "grant": _("let in"), "deny": _("not let in"), "exit": _("exit button"), "rest": _("the door rests"),
    "rest-over": _("the rest is over"), "relock": _("locked again"), "pulse": _("released by the owner"),
    "secure": _("locked by the owner"),
    "owner": _("released by the owner"), "code": _("let in by a code"), "fire": _("released by fire"), "hold-open": _("held open"),
    "hold-over": _("held open no more"), "code-rest": _("codes and cards rest"), "code-rest-over": _("codes and cards count again"),
    "lockdown": _("lockdown"), "lockdown-over": _("lockdown lifted"), "opened": _("the door opened"), "closed": _("the door closed"),
    "alarm": _("ALARM"), "alarm-over": _("alarm over"), "clock": _("clock not believed"), "clock-over": _("clock believed again"),
    "person.enrolled": _("person enrolled"), "person.enrolled-again": _("enrolled again"), "person.renamed": _("person renamed"),
    "person.forgotten": _("person forgotten"), "person.suspended": _("person set aside"), "person.activated": _("person taken in again"),
    "person.consent": _("consent changed"), "person.imported": _("person brought in"), "person.pictures": _("pictures changed"),
    "people.assured": _("what is asked of a person changed"), "code.added": _("code or card given"),
    "code.removed": _("code or card taken away"), "schedule.set": _("hours changed"), "schedule.removed": _("hours removed"),
    "schedule.person": _("a person's limits changed"), "schedule.visitor": _("visitor added"),
    "schedule.visitor-removed": _("visitor removed"), "schedule.assurance": _("what is asked for at some hours changed"),
    "clock.set": _("clock confirmed"),
}


@dataclass(frozen=True, slots=True)
class Group:
    label: Any
    kinds: tuple[str, ...]


GROUPS: dict[str, Group] = {
    "entries": Group(_("Entries"), ("grant", "code", "exit", "owner", "pulse", "fire")),
    "refusals": Group(_("Refusals"), ("deny", "rest", "code-rest")),
    "alarms": Group(_("Alarms"), ("alarm", "alarm-over", "lockdown", "lockdown-over")),
    "door": Group(_("The door itself"), ("opened", "closed", "relock", "secure", "hold-open", "hold-over", "rest-over", "code-rest-over",
                                         "clock", "clock-over")),
    "changes": Group(_("Changes"), tuple(kind for kind in WORDS if "." in kind)),
}


def kind_word(kind: str) -> Any:
    """An event of a later version keeps its own name."""
    return WORDS.get(kind, kind)


def whole(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with everything that a page asks of one; empty where its kind has no such thing."""
    return {"name": None, "person": None, "visitor": None, "forgotten": False, "alarm": None, "reasons": [], "authority": None,
            "seconds": None, "picture": False, "recording": None, **event}
