"""The secrets of authenticator apps in the store, sealed: "pending" until a first right code, "active" then; and the step used last."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_face.errors import AccessError
from edge_face.people.store import Store
from edge_face.people.totp import LATEST, SECRET_BYTES

KIND, USED = "totp", "totp-used"
PENDING, ACTIVE = "pending", "active"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """`used`: the latest step whose code was used, -1 for none."""

    secret: bytes = field(repr=False)
    added: float
    used: int = -1


def totp_record(secret: bytes, added: float) -> dict[str, Any]:
    return {"secret": base64.b32encode(secret).decode("ascii"), "added": added}


def enrolled_of(value: Mapping[str, Any], used: Mapping[str, Any] | None = None) -> Enrolled:
    """`used`: the record of the latest step, if there is one. Raises AccessError for what cannot be right."""
    try:
        if set(value) != {"secret", "added"} or not isinstance(value["secret"], str):
            raise ValueError("fields")
        secret, added = base64.b32decode(value["secret"]), value["added"]
        if len(secret) != SECRET_BYTES or isinstance(added, bool) or not isinstance(added, int | float):
            raise ValueError("secret")
        return Enrolled(secret, float(added), -1 if used is None else _step(used))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise AccessError("the record of an authenticator app is not what it must be: it opens nothing; add it anew") from error


def keep_used(store: Store, person: str, step: int) -> None:
    """This step's code is used: neither it nor an earlier one counts any more. Never goes back. Raises StoreError, PeopleError."""
    kept = store.record(USED, person)
    if kept is None or not _is_step(kept.get("step")) or kept["step"] < step:
        store.put_record(USED, {"step": step}, person)


def _step(used: Mapping[str, Any]) -> int:
    if set(used) != {"step"} or not _is_step(used["step"]):
        raise ValueError("step")
    return int(used["step"])


def _is_step(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value < LATEST + 2
