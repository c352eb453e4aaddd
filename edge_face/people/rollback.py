"""Back to a copy that is kept beside the store: of the version before an update, or of the store before a restore.

The copy is brought in line with who was forgotten and took consent back since (`edge_face.people.copies` does that at all
times). The store as it was until now is kept as a copy in turn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people import copies, schema
from edge_face.people.database import FILE, Database
from edge_face.people.key_ring import fingerprint
from edge_face.people.store import Store
from edge_face.people.unlocking import find_key, unlock

STEPS = ("cleaned", "kept", "in place")


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The version that the store has now, and the copy of what it was. `older`: an earlier edge-face must open it, as this
    one would bring it up again."""

    version: int
    kept: Path
    older: bool


def copies_of(folder: str | Path) -> list[copies.Copy]:
    """What a rollback can bring back, the latest first."""
    return [copy for copy in copies.copies(Path(folder, FILE)) if copy.version <= schema.VERSION]


def roll_back(folder: str | Path, key_file: str | Path | None = None, *, name: str | None = None, wait: float = 2.0,
              step: Callable[[str], None] = lambda _: None) -> RolledBack:
    """Brings the copy from before the last update or restore back to work, or the one called `name`; what was changed
    since is then in the copy of the store as it was. Raises StoreError: no copy,
    one that another device key sealed, while another program has the store open."""
    folder = Path(folder)
    with Store(folder, key_file, wait=wait) as store:
        store.clean_copies()
    step(STEPS[0])
    # A copy of this very version is what an earlier rollback kept: it is brought back by its name only.
    wanted = {name} if name else {copy.path.name for copy in copies_of(folder)} - {f"{FILE}.v{schema.VERSION}"}
    found = [copy for copy in copies_of(folder) if copy.path.name in wanted]
    if not found:
        raise StoreError(f"there is no copy{f' {name}' if name else ''} beside {folder / FILE}: one is kept at an update and at a restore, "
                         "until the next update, a new device key, or 'edge-face store forget-copy'")
    copy = found[0]
    with contextlib.closing(Database(folder, read_only=False, wait=wait)) as database:
        _, device_key = unlock(database, find_key(folder, key_file))
        if copy.key != fingerprint(device_key):
            raise StoreError(f"{copy.path} was sealed under an earlier device key and cannot be brought back")
        older = copy.version < schema.VERSION
        swap = copies.BEFORE_RESTORE if copy.path.name.endswith(copies.BEFORE_ROLLBACK) else copies.BEFORE_ROLLBACK
        kept = database.keep_copy(f"v{schema.VERSION}{'' if older else swap}")
        step(STEPS[1])
        database.replace_with(copy.path)
    step(STEPS[2])
    return RolledBack(copy.version, kept, older)
