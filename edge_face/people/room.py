"""Room on the disk: when it gets short, the oldest pictures go first, so that events and codes can still be written.

Nobody is locked out by a full disk: a picture is kept only so that its person need not come again for a new recogniser.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from edge_face.people.store import Store

LITTLE = 32 << 20
"""Bytes free on the disk below which pictures go: a day of events, a journal and a log many times over."""


def free_bytes(folder: Path) -> int:
    """Free on the disk of that folder, for this user."""
    return shutil.disk_usage(folder).free


def make_room(store: Store, needed: int = LITTLE, free: Callable[[Path], int] = free_bytes) -> int:
    """Drops the oldest pictures when less than `needed` bytes are free on the store's disk, as many as are missing; how many
    that were. What they leave free is inside the database, where the next rows take it. Raises StoreError."""
    missing = needed - free(store.folder) - store.unused_bytes()
    return store.drop_oldest_pictures(missing) if missing > 0 else 0
