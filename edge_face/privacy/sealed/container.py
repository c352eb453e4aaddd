"""The bytes of sealed faces: one header, a record for each face (in a film: for each face of each frame), a checksum.

    header   72 bytes   what was sealed, for whom, when, and which visible picture or film it belongs to
    record   68 bytes + n   face, frame, time, box (32 bytes), enc (32), length (4), ciphertext (n)
    ...
    sum      32 bytes   SHA-256 of everything before: says "damaged" where the seals would only say "does not fit"

Numbers are big-endian. Each record is sealed by itself, with the whole header, its own number and its own head as associated data: no
face opens in another picture, place, time or order, and none can be left out. docs/sealed-regions.md has it in full.
"""

from __future__ import annotations

import enum
import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from edge_face.errors import SealedError
from edge_face.media.paths import MAX_PIXELS
from edge_face.privacy.sealed.hpke import ENC_BYTES, TAG_BYTES

MAGIC, VERSION = b"efSR", 1
SUITE = 1
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM."""
INFO = b"edge-face sealed faces 1"
_HEADER = struct.Struct(">4sHBB8sIIIIQ32s")
_RECORD = struct.Struct(">IIQIIII")
_LENGTH = struct.Struct(">I")
SUM_BYTES = 32
_PIECE = 1 << 20
_MOST_TIME = 1 << 53


class Bound(enum.IntEnum):
    """What `visible` is the SHA-256 of: the picture's pixels (`pixels_digest`), or the bytes of the file that shows it."""

    PIXELS = 1
    FILE = 2


@dataclass(frozen=True, slots=True)
class Header:
    """`key`: the first 8 bytes of the SHA-256 of the owner's public key. `width`, `height`: of the visible picture; `frames`: 1 for a
    picture; `records` that follow; `when`: milliseconds since 1970; `visible`: a SHA-256."""

    bound: Bound
    key: bytes
    width: int
    height: int
    frames: int
    records: int
    when: int
    visible: bytes

    def pack(self) -> bytes:
        return _HEADER.pack(MAGIC, VERSION, self.bound, SUITE, self.key, self.width, self.height, self.frames, self.records, self.when,
                            self.visible)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose pixels a record holds: the face's number (from 1; 0: a face of a film that was not followed), the frame (from 0), its time in
    milliseconds since the first, and the rectangle in whole pixels inside the picture."""

    face: int
    frame: int
    at: int
    x: int
    y: int
    width: int
    height: int

    def pack(self) -> bytes:
        return _RECORD.pack(self.face, self.frame, self.at, self.x, self.y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Record:
    """One sealed face: enc and ciphertext with its tag."""

    place: Place
    sealed: bytes


def binding(header: Header, number: int, place: Place) -> bytes:
    """Associated data of record `number` (from 0)."""
    return header.pack() + _LENGTH.pack(number) + place.pack()


def pixels_digest(rgb: bytes, width: int, height: int) -> bytes:
    """SHA-256 of a picture as a viewer shows it: width and height (4 bytes each), then red, green, blue of each pixel by rows."""
    return hashlib.sha256(struct.pack(">II", width, height) + rgb).digest()


def pack(header: Header, records: Iterable[Record]) -> Iterator[bytes]:
    """The pieces of a container, in order. `header.records` must be right."""
    digest = hashlib.sha256()
    count = 0
    for piece in _pieces(header, records):
        count += 1
        digest.update(piece)
        yield piece
    if count != header.records + 1:
        raise ValueError(f"{count - 1} records, the header says {header.records}")
    yield digest.digest()


def _pieces(header: Header, records: Iterable[Record]) -> Iterator[bytes]:
    yield header.pack()
    for record in records:
        enc, ciphertext = record.sealed[:ENC_BYTES], record.sealed[ENC_BYTES:]
        yield record.place.pack() + enc + _LENGTH.pack(len(ciphertext)) + ciphertext


def read_header(file: BinaryIO, name: str) -> Header:
    """The header, after the whole file's checksum was held to be right; the file then stands at the first record. Raises SealedError."""
    start = file.read(_HEADER.size)
    if start[:4] != MAGIC:
        raise SealedError(f"'{name}' holds no sealed faces: give what 'edge-face seal' wrote")
    if len(start) == _HEADER.size and int.from_bytes(start[4:6], "big") != VERSION:
        raise SealedError(f"the sealed faces of '{name}' are of version {int.from_bytes(start[4:6], 'big')}, this edge-face reads version "
                          f"{VERSION}: install a newer one")
    if len(start) < _HEADER.size or not _sum_fits(file):
        raise SealedError(f"the sealed faces of '{name}' were changed, damaged or cut off: fetch the file again")
    file.seek(_HEADER.size)
    _, _, bound, suite, key, width, height, frames, records, when, visible = _HEADER.unpack(start)
    try:
        header = Header(Bound(bound), key, width, height, frames, records, when, visible)
        if suite != SUITE or not (0 < width * height <= MAX_PIXELS and frames > 0 and when < _MOST_TIME):
            raise ValueError("out of range")
    except ValueError as error:
        raise SealedError(f"the sealed faces of '{name}' are not what 'edge-face seal' writes: they were changed") from error
    return header


def read_records(file: BinaryIO, header: Header, name: str) -> Iterator[Record]:
    """All records, in order, their boxes inside the picture. Raises SealedError."""
    changed = SealedError(f"the sealed faces of '{name}' are not what 'edge-face seal' writes: they were changed")
    for _ in range(header.records):
        head = file.read(_RECORD.size)
        enc = file.read(ENC_BYTES)
        length = file.read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            raise changed
        place = Place(*_RECORD.unpack(head))
        size = _LENGTH.unpack(length)[0]
        if (place.frame >= header.frames or not place.width or not place.height or place.x + place.width > header.width
                or place.y + place.height > header.height):
            raise changed
        if not TAG_BYTES <= size <= _most(place):
            raise SealedError(f"face {place.face} of '{name}' was changed, or comes from another place: its box has no {size} bytes")
        sealed = file.read(size)
        if len(sealed) != size:
            raise changed
        yield Record(place, enc + sealed)
    if len(file.read(SUM_BYTES + 1)) != SUM_BYTES:
        raise changed


def with_records(header: Header, records: int) -> Header:
    """The same header for another number of records."""
    return replace(header, records=records)


def _most(place: Place) -> int:
    """A PNG is never much larger than its pixels."""
    return place.width * place.height * 5 + place.height * 16 + 4096


def _sum_fits(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    if size < _HEADER.size + SUM_BYTES:
        return False
    file.seek(0)
    digest, left = hashlib.sha256(), size - SUM_BYTES
    while left > 0:
        piece = file.read(min(left, _PIECE))
        if not piece:
            return False
        digest.update(piece)
        left -= len(piece)
    return file.read() == digest.digest()
