"""How records hang together: a chain of SHA-256, and beside each link a MAC that only the device's key makes.

    link[n] = SHA-256(link[n - 1] + body[n])        a line: body, a tab, hex(HMAC-SHA256(key, b"record" + link[n])[:16]), a newline

The chain needs no key, so whoever wrote down a head may check a copy without one. The MACs (RFC 2104, cut to 128 bits) stop
whoever could compute the chain anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from edge_face.errors import AuditError

KEY_BYTES = 32
LINK_BYTES = 32
MAC_HEX = 32
FORMAT = 1
_HEAD = re.compile(r"(?P<log>[0-9a-f]{16}):(?P<number>[0-9]{1,15}):(?P<link>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a log: its random id, the number of its last record (0: none), and the link there."""

    log: str
    number: int
    link: bytes

    def __str__(self) -> str:
        return f"{self.log}:{self.number}:{self.link.hex()}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The first line of a segment: the number of its first record, the link before it, when it began. `broken`: what was there
    before could not be continued; the code says why."""

    log: str
    first: int
    link: bytes
    wall: float
    broken: str | None = None


def head_of(text: str) -> Head:
    """A head as `edge-face audit head` prints it. Raises AuditError."""
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise AuditError("that is no head of an audit log: 'edge-face audit head' prints one, as 0123456789abcdef:42: and 64 digits")
    return Head(found["log"], int(found["number"]), bytes.fromhex(found["link"]))


def new_log() -> Head:
    """The head of a log that is still empty."""
    log = secrets.token_hex(8)
    return Head(log, 0, first_link(log))


def first_link(log: str) -> bytes:
    """What a log's chain begins with."""
    return hashlib.sha256(b"edge-face audit " + log.encode("ascii")).digest()


def link_after(link: bytes, body: bytes) -> bytes:
    return hashlib.sha256(link + body).digest()


def mac(key: bytes, what: bytes, value: bytes) -> bytes:
    """32 hexadecimal digits. `what` keeps a MAC of one thing from passing for that of another."""
    return hmac.digest(key, what + value, "sha256")[:MAC_HEX // 2].hex().encode("ascii")


def record_line(key: bytes, body: bytes, link: bytes) -> bytes:
    return body + b"\t" + mac(key, b"record", link) + b"\n"


def anchor_line(key: bytes, anchor: Anchor) -> bytes:
    table: dict[str, Any] = {"audit": FORMAT, "log": anchor.log, "first": anchor.first, "link": anchor.link.hex(),
                             "t": round(anchor.wall, 3)}
    if anchor.broken is not None:
        table["broken"] = anchor.broken
    body = json.dumps(table, separators=(",", ":")).encode("ascii")
    return body + b"\t" + mac(key, b"anchor", body) + b"\n"


def anchor_of(line: bytes, key: bytes | None) -> Anchor | None:
    """The anchor in a segment's first line (without its newline), None when it is none of ours. Without a key the MAC is not
    looked at. Raises AuditError for a newer format."""
    body, tab, given = line.partition(b"\t")
    if not tab or len(given) != MAC_HEX or (key is not None and not hmac.compare_digest(mac(key, b"anchor", body), given)):
        return None
    try:
        table = json.loads(body)
        newer = isinstance(table["audit"], int) and table["audit"] > FORMAT
        if newer:
            raise AuditError(f"the audit log was written by a newer edge-face (its format is {table['audit']}, this one knows {FORMAT})")
        return Anchor(str(table["log"]), int(table["first"]), bytes.fromhex(table["link"]), float(table["t"]), table.get("broken"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def check_key(key: bytes) -> bytes:
    """Raises AuditError for a key of another length."""
    if len(key) != KEY_BYTES:
        raise AuditError(f"the key of the audit log has {KEY_BYTES} bytes, this one has {len(key)}")
    return key
