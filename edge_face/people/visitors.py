"""Visitors: a label, limits and a code that is made here, told once and kept as a keyed hash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from edge_face.access.rights import Rights
from edge_face.access.rights_records import rights_record, shown
from edge_face.errors import AccessError
from edge_face.people.access_records import VISITOR, Visitor, save_visitor, visitors
from edge_face.people.code_rules import new_pin
from edge_face.people.code_tags import code_tag, is_taken
from edge_face.people.person import is_id
from edge_face.people.store import Store

MOST_VISITORS = 500


class VisitorDesk:
    """Makes, finds and removes visitors of one store. `wall` dates them."""

    def __init__(self, store: Store, wall: Callable[[], float]) -> None:
        self._store, self._wall = store, wall

    def add(self, label: str, rights: Rights, digits: Any) -> tuple[Visitor, str]:
        """The visitor and the code. Raises AccessError for a label that is given already and for too many visitors."""
        there = list(visitors(self._store))
        if any(visitor.label.casefold() == label.casefold() for visitor in there):
            raise AccessError(f"there is a visitor '{label}' already: choose another name, or remove that one first")
        if len(there) >= MOST_VISITORS:
            raise AccessError(f"there are {MOST_VISITORS} visitors: 'edge-face schedule visitor clear' removes those whose time is over")
        pin = new_pin(digits, lambda text: is_taken(self._store, code_tag(self._store, text, "pin")))
        made = Visitor(secrets.token_hex(8), label, rights, code_tag(self._store, pin, "pin"), self._wall())
        save_visitor(self._store, made)
        return made, pin

    def find(self, who: str) -> Visitor | None:
        """By label, without regard to case, or id."""
        wanted = " ".join(who.split()).casefold()
        return next((v for v in visitors(self._store) if wanted in (v.id, v.label.casefold())), None)

    def remove(self, who: str) -> Visitor:
        """A damaged record is removed by its id. Raises AccessError."""
        found = self.find(who)
        if found is None and is_id(who) and self._store.drop_record(VISITOR, name=who):
            return Visitor(who, "", Rights(), "", 0.0)
        if found is None:
            raise AccessError(f"there is no visitor '{shown(who[:64])}': 'edge-face schedule show' lists them")
        self._store.drop_record(VISITOR, name=found.id)
        return found

    def clear(self) -> list[Visitor]:
        """Removes those whose entries or time are over."""
        now = self._wall()
        gone = [visitor for visitor in visitors(self._store) if is_over(visitor.rights, now)]
        for visitor in gone:
            self._store.drop_record(VISITOR, name=visitor.id)
        return gone


def is_over(rights: Rights, wall: float) -> bool:
    return (rights.uses is not None and rights.used >= rights.uses) or (rights.until is not None and wall >= rights.until)


def visitor_summary(visitor: Visitor, wall: float) -> dict[str, Any]:
    return {"id": visitor.id, "label": visitor.label, "created": visitor.created, "limits": rights_record(visitor.rights),
            "over": is_over(visitor.rights, wall)}
