"""The keys of a store, one for each purpose: random, sealed in the database under the device key.

So a new device key needs only this ring sealed anew, and what is named by keyed hashes (marks of the forgotten, the
audit log, codes) keeps its name. The ring of a store from before version 3 is derived from its device key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from edge_face.errors import StoreError
from edge_face.people.sealing import KEY_BYTES, SealBrokenError, derive, place, seal, tag, unseal

PURPOSES: Mapping[str, str] = {
    "wrapping": "wrap data keys", "names": "index of names", "tombstones": "tombstones", "events": "events of nobody",
    "records": "records of nobody", "audit": "audit log", "codes": "codes and cards",
}


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """32 bytes each. `wrapping` seals people's data keys; `names`, `tombstones`, `audit` and `codes` key hashes; `events`
    and `records` seal what belongs to nobody."""

    wrapping: bytes
    names: bytes
    tombstones: bytes
    events: bytes
    records: bytes
    audit: bytes
    codes: bytes

    def new_data_key(self, person: str) -> tuple[bytes, bytes]:
        """A fresh data key, and the same wrapped for the database."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, self.wrap(person, key)

    def wrap(self, person: str, key: bytes) -> bytes:
        """A person's data key as it lies in the database."""
        return seal(self.wrapping, key, place("person.wrapped_key", person))

    def data_key(self, person: str, wrapped: bytes) -> bytes:
        """Raises SealBrokenError."""
        return unseal(self.wrapping, wrapped, place("person.wrapped_key", person), f"the key of person {person}")

    def sealed(self, device_key: bytes) -> bytes:
        """The whole ring for the database."""
        text = json.dumps({name: key.hex() for name, key in asdict(self).items()}).encode("ascii")
        return seal(_ring_key(device_key), text, place("meta.ring"))


def fresh_ring() -> KeyRing:
    """For a new store."""
    return KeyRing(*(secrets.token_bytes(KEY_BYTES) for _ in fields(KeyRing)))


def old_ring(device_key: bytes) -> KeyRing:
    """The ring of a store from before version 3. Raises StoreError for a key of another length."""
    return KeyRing(**{name: derive(_checked(device_key), purpose) for name, purpose in PURPOSES.items()})


def open_ring(device_key: bytes, sealed: bytes) -> KeyRing:
    """Raises StoreError for a key of another length, SealBrokenError."""
    text = unseal(_ring_key(device_key), sealed, place("meta.ring"), "the ring of the store's keys")
    try:
        table = {name: bytes.fromhex(value) for name, value in json.loads(text).items()}
        return KeyRing(**{name: table[name] for name in PURPOSES})
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise SealBrokenError("the ring of the store's keys cannot be read: restore the people store from a backup") from error


def fingerprint(device_key: bytes) -> bytes:
    """Tells whether a store was made with this device key, and nothing else."""
    return tag(derive(_checked(device_key), "fingerprint"), b"")


def _ring_key(device_key: bytes) -> bytes:
    return derive(_checked(device_key), "seal the ring")


def _checked(device_key: bytes) -> bytes:
    if len(device_key) != KEY_BYTES:
        raise StoreError(f"a device key has {KEY_BYTES} bytes, this one has {len(device_key)}")
    return device_key
