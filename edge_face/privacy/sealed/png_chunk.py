"""Sealed faces inside a PNG: one chunk `efSR` before the end, which viewers pass over.

By the rules of the format (W3C PNG, 5.4) its name says: ancillary, private, and not safe to copy when the picture is changed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NAME = b"efSR"
_END = b"IEND"
LONGEST = (1 << 31) - 1


def put_chunk(png: bytes, content: bytes) -> bytes:
    """The PNG with the content in it, and no older one. Raises ValueError for no PNG, or more than a chunk holds."""
    if len(content) > LONGEST:
        raise ValueError("more than a PNG chunk holds")
    parts = [SIGNATURE]
    for name, body in chunks(png):
        if name == _END:
            parts.append(_chunk(NAME, content))
        if name != NAME:
            parts.append(_chunk(name, body))
    return b"".join(parts)


def take_chunk(png: bytes) -> bytes | None:
    """The sealed faces in a PNG, None when there are none. Raises ValueError for a damaged one, and for two."""
    found = [body for name, body in chunks(png) if name == NAME]
    if len(found) > 1:
        raise ValueError("it carries sealed faces twice")
    return found[0] if found else None


def is_png(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents up to the end of the picture."""
    if not is_png(png):
        raise ValueError("it is no PNG")
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        if at + 12 + length > len(png):
            break
        body = png[at + 8:at + 8 + length]
        if zlib.crc32(name + body) != struct.unpack_from(">I", png, at + 8 + length)[0]:
            raise ValueError("a checksum does not fit: it was damaged on the way")
        yield name, body
        if name == _END:
            return
        at += 12 + length
    raise ValueError("its end is missing")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
