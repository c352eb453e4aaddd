"""Codes that change every half minute, as authenticator apps make them: TOTP (RFC 6238) over HOTP (RFC 4226). Pure.

SHA-1, 6 digits, 30 seconds: what every app takes. HMAC does not suffer from SHA-1's collisions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import secrets
from urllib.parse import quote, urlencode

DIGITS, PERIOD, WINDOW = 6, 30, 1
"""One step before and one after the present one count too: clocks differ, and typing takes time."""
SECRET_BYTES = 20
"""RFC 4226's recommendation: 160 bits."""
ISSUER = "edge-face"
LATEST = 1 << 40
"""Steps; wall clocks beyond are broken."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def hotp(secret: bytes, counter: int, digits: int = DIGITS) -> str:
    """RFC 4226, section 5.3."""
    mac = hmac.new(secret, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    return str((int.from_bytes(mac[offset:offset + 4], "big") & 0x7FFFFFFF) % 10**digits).zfill(digits)


def step_of(wall: float) -> int | None:
    """The number of the half minute; None for a clock that is broken."""
    return int(wall // PERIOD) if math.isfinite(wall) and 0 <= wall < LATEST * PERIOD else None


def matching(secret: bytes, code: str, wall: float) -> int | None:
    """The step whose code this is, of the present one and its neighbours; the latest of several. All are compared, in constant time."""
    present = step_of(wall)
    if present is None or len(code) != DIGITS or not code.isascii():
        return None
    found = None
    for counter in range(max(0, present - WINDOW), present + WINDOW + 1):
        if hmac.compare_digest(hotp(secret, counter), code):
            found = counter
    return found


def enrolment_uri(secret: bytes, name: str) -> str:
    """What the app reads from the picture (Google's Key URI Format)."""
    text = base64.b32encode(secret).decode("ascii").rstrip("=")
    query = urlencode({"secret": text, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": PERIOD})
    return f"otpauth://totp/{quote(f'{ISSUER}:{name}', safe=':')}?{query}"
