"""The sealed part of a record: whether the person was forced. All are of one length, and only the device's key tells them apart."""

from __future__ import annotations

import base64
import binascii

from edge_face.errors import AuditError, StoreError


class Sealer:
    """`key`: the audit log's, from the store (`Store.audit_key`). AES-256-GCM under a key derived from it; 29 bytes, 39 letters."""

    def __init__(self, key: bytes) -> None:
        from edge_face.people.sealing import derive, place

        self._key, self._place = derive(key, "sealed part of audit records"), place("audit.sealed")

    def seal(self, forced: bool) -> str:
        from edge_face.people.sealing import seal

        return base64.urlsafe_b64encode(seal(self._key, bytes([forced]), self._place)).decode("ascii").rstrip("=")

    def opened(self, sealed: str | None) -> bool:
        """Was the person forced? False for a record without a seal. Raises AuditError for one that this key does not open."""
        from edge_face.people.sealing import unseal

        if sealed is None:
            return False
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            return unseal(self._key, raw, self._place, "the sealed part of an audit record") == b"\x01"
        except (StoreError, binascii.Error, ValueError) as error:
            raise AuditError("the sealed part of a record does not open: it was changed, or the log is another store's") from error
