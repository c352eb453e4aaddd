"""Visitors: a label, limits, a number, and a PIN that is made here, told once and kept as a hash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge_face.access.rights import Rights
from edge_face.access.rights_records import rights_record, shown
from edge_face.errors import AccessError
from edge_face.people.access_records import VISITOR, Visitor, save_visitor, visitors
from edge_face.people.code_hash import KIND as PIN
from edge_face.people.code_hash import blank, hashed, pin_record
from edge_face.people.code_rules import new_pin
from edge_face.people.person import is_id
from edge_face.people.person_numbers import Holder, drop_number, give_number, numbers
from edge_face.people.store import Store

MOST_VISITORS = 500


class VisitorDesk:
    """Makes, finds and removes visitors of one store. `wall` dates them."""

    def __init__(self, store: Store, wall: Callable[[], float]) -> None:
        self._store, self._wall = store, wall

    def add(self, label: str, rights: Rights, digits: Any) -> tuple[Visitor, str]:
        """The visitor, and all that is to be keyed: the number, then the PIN of so many `digits`. Raises AccessError for a label that is
        given already and for too many visitors."""
        there = list(visitors(self._store))
        if any(visitor.label.casefold() == label.casefold() for visitor in there):
            raise AccessError(f"there is a visitor '{label}' already: choose another name, or remove that one first")
        if len(there) >= MOST_VISITORS:
            raise AccessError(f"there are {MOST_VISITORS} visitors: 'edge-face schedule visitor clear' removes those whose time is over")
        new_pin(digits)  # whether that is a length, before a number is given
        self._release_orphans()
        made, base = Visitor(secrets.token_hex(8), label, rights, "", self._wall()), blank()
        number = give_number(self._store, Holder(made.id, visitor=True), made.created)
        pin = new_pin(digits, number)
        kept = replace(base, hash=hashed(self._store.code_key(), made.id, pin, base), added=made.created)
        self._store.put_record(PIN, pin_record(kept), name=made.id)
        save_visitor(self._store, made)
        return made, number + pin

    def find(self, who: str) -> Visitor | None:
        """By label, without regard to case, or id."""
        wanted = " ".join(who.split()).casefold()
        return next((v for v in visitors(self._store) if wanted in (v.id, v.label.casefold())), None)

    def remove(self, who: str) -> Visitor:
        """A damaged record is removed by its id. Raises AccessError."""
        found = self.find(who)
        if found is None and is_id(who) and self._drop(who):
            return Visitor(who, "", Rights(), "", 0.0)
        if found is None:
            raise AccessError(f"there is no visitor '{shown(who[:64])}': 'edge-face schedule show' lists them")
        self._drop(found.id)
        return found

    def clear(self) -> list[Visitor]:
        """Removes those whose entries or time are over."""
        now = self._wall()
        gone = [visitor for visitor in visitors(self._store) if is_over(visitor.rights, now)]
        for visitor in gone:
            self._drop(visitor.id)
        return gone

    def _release_orphans(self) -> None:
        """Numbers and PINs that a cut left, or an earlier version that knew nothing of them."""
        there = {name for _, name, _ in self._store.records(VISITOR, lambda who, error: None)}
        for holder in numbers(self._store).values():
            if holder.visitor and holder.id not in there:
                self._drop(holder.id)

    def _drop(self, visitor: str) -> bool:
        dropped = self._store.drop_record(VISITOR, name=visitor)
        self._store.drop_record(PIN, name=visitor)
        drop_number(self._store, Holder(visitor, visitor=True), self._wall())
        return dropped


def is_over(rights: Rights, wall: float) -> bool:
    return (rights.uses is not None and rights.used >= rights.uses) or (rights.until is not None and wall >= rights.until)


def visitor_summary(visitor: Visitor, wall: float) -> dict[str, Any]:
    return {"id": visitor.id, "label": visitor.label, "created": visitor.created, "limits": rights_record(visitor.rights),
            "over": is_over(visitor.rights, wall)}
