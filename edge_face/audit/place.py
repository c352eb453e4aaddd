"""Where the log lies, and the head that another place remembers: whoever puts back an older copy of the log must put that back too."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_face.audit import head_file
from edge_face.audit.chain import Head, head_of
from edge_face.errors import AuditError, StoreError
from edge_face.settings import Settings

FOLDER = "audit"
WITNESS = "audit-head"
"""Kind of the store's sealed record (of nobody, without a name) that remembers a head."""


def audit_folder(settings: Settings) -> Path:
    """The settings' folder, else `audit` in the store's."""
    return Path(settings.audit.folder) if settings.audit.folder else Path(settings.store.folder) / FOLDER


def visitor_alias(key: bytes, visitor: str) -> str:
    """What a visitor is called in the log: keyed by the log's key, as a visitor has none."""
    return hmac.digest(key, b"visitor " + visitor.encode(), "sha256").hex()[:16]


def account_alias(key: bytes, account: str) -> str:
    """What a login of the pages is called in the log, likewise."""
    return hmac.digest(key, b"account " + account.encode(), "sha256").hex()[:16]


def witness_record(head: Head) -> dict[str, str]:
    """For `store.put_record(WITNESS, ...)`: once a day, and when the door stops."""
    return {"head": str(head)}


def seen_head(record: Callable[[str], Mapping[str, Any] | None]) -> Head | None:
    """What the store remembers. A memory that was damaged is none: the log must go on."""
    try:
        return witnessed(record(WITNESS))
    except StoreError:
        return None


def witnessed(value: Mapping[str, Any] | None) -> Head | None:
    """The head in the store's record, for `AuditLog(expect=...)` and `verify_log(against=...)`; None when there is none."""
    text = value.get("head") if value is not None else None
    if not isinstance(text, str):
        return None
    try:
        return head_of(text)
    except AuditError:
        return None


def read_head(folder: str | Path, key: bytes | None) -> Head:
    """What is on the disk for sure. Raises AuditError."""
    path = Path(folder) / head_file.FILE
    try:
        mark = head_file.read_marks(path, key).newest
    except OSError as error:
        raise AuditError(f"{path} cannot be read ({error.strerror or error}): run this as the user who owns it, or with sudo") from error
    if mark is None:
        raise AuditError(f"{path} is missing or was changed: 'edge-face audit verify' says more")
    return mark.head


def expected_head(record: Callable[[str], Mapping[str, Any] | None], folder: Path, key: bytes) -> Head | None:
    """The head that the daemon has laid into the store, if it is not older than what is kept: for `verify_log(against=...)`."""
    seen = seen_head(record)
    try:
        mark = head_file.read_marks(folder / head_file.FILE, key).newest
    except OSError:
        return None
    return seen if seen is not None and (mark is None or seen.number >= mark.first) else None
