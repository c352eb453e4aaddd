"""From the device key to the ring of a store's keys: where the key is looked for, and when one is made.

The key is taken from `[store] key_file` if that is set, else from the systemd credential `device.key`
(LoadCredentialEncrypted=, LoadCredential=) if the service has one, else from `device.key` in the store's folder. A key is
made only for a store that was never sealed, only in a file, and never beside another one.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people import keys
from edge_face.people.database import Database
from edge_face.people.key_ring import KeyRing, fingerprint, fresh_ring, old_ring, open_ring
from edge_face.people.tables import Tables

KEY_FILE = "device.key"
CREDENTIAL = "device.key"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the device key of a store is. A credential is given by systemd, and never written here."""

    path: Path
    credential: bool
    beside: Path | None = None
    """A key file that a credential takes precedence of."""

    def load(self) -> bytes:
        """Raises StoreError."""
        return keys.load_key(self.path, credential=self.credential)


def find_key(folder: Path, key_file: str | Path | None) -> KeyPlace:
    """Where the key is, or is to be made."""
    own = folder / KEY_FILE
    if key_file:
        return KeyPlace(Path(key_file), False)
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if given and os.path.lexists(Path(given, CREDENTIAL)):
        return KeyPlace(Path(given, CREDENTIAL), True, own if os.path.lexists(own) else None)
    return KeyPlace(own, False)


def unlock(database: Database, where: KeyPlace) -> tuple[KeyRing, bytes]:
    """Ring and device key of an open database; made for one that was never sealed. Raises StoreError when there is no
    key, a wrong one, or one that others may read."""
    mark, sealed = _meta(database, "key"), _meta(database, "ring")
    if mark is None:
        return _begin(database, where)
    try:
        device_key = _matching(where, mark, database)
    except StoreError:
        # A reader beside a rotation: the mark was read before its commit, the key after.
        now, sealed = _meta(database, "key"), _meta(database, "ring")
        if now is None or now == mark:
            raise
        device_key = _matching(where, now, database)
    if sealed is not None:
        return open_ring(device_key, sealed), device_key
    ring = old_ring(device_key)
    if not database.read_only:
        with database.transaction():
            _put(database, "ring", ring.sealed(device_key))
    return ring, device_key


def put_key(database: Tables, device_key: bytes, ring: KeyRing) -> None:
    """Inside a transaction: from its end on the store opens with this device key only."""
    _put(database, "key", fingerprint(device_key))
    _put(database, "ring", ring.sealed(device_key))


def _begin(database: Database, where: KeyPlace) -> tuple[KeyRing, bytes]:
    # Cut between making the tables and this: nothing can be sealed yet.
    if database.read_only or database.row("SELECT 1 FROM person") is not None:
        raise StoreError(f"the people store in {database.folder} is not complete: open it once for writing "
                         "(edge-face people list, as its owner)")
    device_key = where.load() if where.credential or os.path.lexists(where.path) else keys.create_key(where.path)
    if where.beside is not None and keys.load_key(where.beside) != device_key:
        raise StoreError(f"there are two device keys for a new store, the credential {where.path} and {where.beside}: remove the one "
                         "that is not meant, or name the other in [store] key_file")
    ring = fresh_ring()
    with database.transaction():
        put_key(database, device_key, ring)
    return ring, device_key


def _matching(where: KeyPlace, mark: bytes, database: Database) -> bytes:
    """The key, or the one that a rotation was just putting in its place."""
    following = keys.next_path(where.path)
    if not where.credential and os.path.lexists(following):
        with contextlib.suppress(StoreError):  # cut while it was written: it was never the store's
            device_key = keys.load_key(following)
            if fingerprint(device_key) == mark:
                if not database.read_only:
                    keys.take_next(where.path)
                return device_key
    device_key = where.load()
    if fingerprint(device_key) != mark:
        hint = f", nor is {where.beside} asked while there is a credential" if where.beside is not None else ""
        raise StoreError(f"{where.path} is not the key that the people store in {database.folder} was made with{hint}: put the right "
                         "key back, or move the store away and enrol everybody again")
    if not where.credential and not database.read_only:
        keys.drop_next(where.path)
    return device_key


def _meta(database: Database, key: str) -> bytes | None:
    row = database.row("SELECT value FROM meta WHERE key = ?", [key])
    return None if row is None else bytes(row[0])


def _put(database: Tables, key: str, value: bytes) -> None:
    database.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [key, value])
