"""Who has which kinds of codes and cards, and since when; never the codes themselves, nor that there is one for being forced."""

from __future__ import annotations

from typing import Any

from edge_face.errors import AccessError, PeopleError, StoreError
from edge_face.people.code_hash import KIND as PIN
from edge_face.people.code_hash import pin_hash_of
from edge_face.people.code_tags import KIND, VISITOR
from edge_face.people.command_table import Answer
from edge_face.people.person_numbers import numbers
from edge_face.people.store import Store
from edge_face.people.totp_records import ACTIVE, PENDING, enrolled_of
from edge_face.people.totp_records import KIND as TOTP


def code_rows(store: Store) -> Answer:
    """Rows with id, name, state, what ("pin", "totp", "card:1"), number, added, and whether it is `stale` (an earlier version's code,
    which opens nothing) or still `pending` (an app whose first code is awaited); and what is damaged."""
    damaged: list[Answer] = []

    def lost(who: str | None, error: StoreError) -> None:
        damaged.append({"id": who, "problem": str(error)})

    given = {holder.id: number for number, holder in numbers(store, lost).items()}
    labels = {name: str(value.get("label")) for _, name, value in store.records(VISITOR, lost)}
    rows: list[Answer] = []
    for (who, what), (added, note) in sorted(_found(store, lost).items()):
        if who in labels:
            name, state = labels[who], "visitor"
        else:
            try:
                person = store.person(who)
            except (PeopleError, StoreError) as error:
                damaged.append({"id": who, "problem": str(error)})
                continue
            name, state = person.name, person.state.value
        rows.append({"id": who, "name": name, "state": state, "what": what, "number": None if what.startswith("card") else given.get(who),
                     "added": added, "stale": note == "stale", "pending": note == "pending"})
    rows.sort(key=lambda row: (str(row["name"]).casefold(), str(row["what"])))
    return {"codes": rows, "damaged": damaged}


def _found(store: Store, lost: Any) -> dict[tuple[str, str], tuple[Any, str]]:
    """When it was added and a note on it, by whose it is and what it is."""
    found: dict[tuple[str, str], tuple[Any, str]] = {}
    for _, name, value in store.records(VISITOR, lambda who, error: None):
        if value.get("code") or value.get("codes"):
            found[name, PIN] = value.get("created"), "stale"
    for owner, name, value in store.records(KIND, lost):
        if owner is not None:
            found[owner, name] = value.get("added"), "" if name.startswith("card:") else "stale"
    for owner, name, value in store.records(PIN, lost):
        try:
            found[owner or name, PIN] = pin_hash_of(value).added, ""
        except AccessError as error:
            lost(owner, StoreError(str(error)))
    for owner, name, value in store.records(TOTP, lost):
        try:
            if owner is not None and name in (PENDING, ACTIVE) and (name == ACTIVE or (owner, TOTP) not in found):
                found[owner, TOTP] = enrolled_of(value).added, "" if name == ACTIVE else "pending"
        except AccessError as error:
            lost(owner, StoreError(str(error)))
    return found
