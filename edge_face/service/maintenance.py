"""What a timer does every day: prunes, gives space back, looks whether everything still opens.

The daemon alone writes the store while it runs, so it is asked. Without one nothing grows, nothing is pruned (nobody vouches
for the clock), and the look-over remains.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.errors import StoreError
from edge_face.service.client import daemon_for
from edge_face.settings import Settings

if TYPE_CHECKING:
    from edge_face.people import Store

SPARE = 8_000_000
"""Bytes that may lie unused in the database: rewriting it every day would wear out a card for nothing."""
LOW = 100_000_000
"""Bytes on the store's disk, below which it is a trouble."""


def maintain(settings: Settings, wall: float) -> dict[str, Any]:
    """What was done and found; `troubles` is empty when all is well. Raises `StoreError`, `ServiceError`."""
    client = daemon_for(settings)
    found: dict[str, Any] = {"by": "the running door", **client.call("service.maintain")} if client is not None else _alone(settings)
    found["troubles"] = [*found.get("troubles", []), *_space(Path(settings.store.folder))]
    return found


def _alone(settings: Settings) -> dict[str, Any]:
    from edge_face.people import Store
    from edge_face.people.database import FILE

    folder = Path(settings.store.folder)
    if not (folder / FILE).exists():
        return {"by": "this command", "people": 0, "troubles": []}
    troubles: list[str] = []

    def damaged(identity: str, error: StoreError) -> None:
        troubles.append(str(error))

    # Opening for writing settles what a crash left.
    with Store(folder, settings.store.key_file or None) as store:
        people = sum(1 for _ in store.iterate(damaged))
        smaller = give_space_back(store, folder)
    return {"by": "this command", "people": people, "compacted": smaller, "troubles": troubles}


def give_space_back(store: Store, folder: Path) -> bool:
    """Rewrites a database with much unused room in it, unless the disk is so full that this room is the journal's reserve. Did it?"""
    if store.unused_bytes() <= SPARE or _space(folder):
        return False
    try:
        store.compact()
    except StoreError:
        return False  # somebody reads: another day
    return True


def _space(folder: Path) -> list[str]:
    try:
        state = os.statvfs(folder)
    except OSError:
        return []
    free = state.f_bavail * state.f_frsize
    return [f"only {free // 1_000_000} MB are free at {folder}"] if free < LOW else []
