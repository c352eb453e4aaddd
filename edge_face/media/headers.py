"""What a picture's first bytes say before anything is unpacked: kind, size, orientation, animation, completeness.

Decoders are lenient in ways that differ by version: a JPEG cut in half comes back half grey, EXIF orientation is
applied to some kinds only, sizes are trusted. So these few facts are read here, by the formats' own specifications
(JPEG: ITU-T T.81, PNG: W3C, GIF89a, WebP: RFC 9649, TIFF 6.0, EXIF: CIPA DC-008, MP4: ISO/IEC 14496-12).
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


@dataclass(frozen=True, slots=True)
class Header:
    """Size in pixels as stored (before `orientation`, EXIF's 1 to 8); `several`: more pictures than the first."""

    kind: str
    width: int
    height: int
    orientation: int = 1
    several: bool = False
    complete: bool = True


def read_header(data: bytes) -> Header | None:
    """The facts of a picture file, None when it is of no kind that is read here. Raises ValueError when damaged."""
    try:
        for start, read in _READERS:
            if data.startswith(start):
                return read(data)
    except (struct.error, IndexError) as error:
        raise ValueError("the header is damaged or cut off") from error
    return None


def is_picture(start: bytes) -> bool:
    """Do these first bytes (12 or more) begin a picture of a kind that is read here, or of one that is named?"""
    known = any(start.startswith(magic) for magic, _ in _READERS if magic != b"RIFF") or start[8:12] == b"WEBP"
    return known or foreign_kind(start) in ("HEIC", "AVIF", "JPEG 2000", "JPEG XL")


def foreign_kind(data: bytes) -> str | None:
    """The name of a well-known kind that is not read here, for a message that helps."""
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in _HEIF_BRANDS:
            return "HEIC"
        return "AVIF" if brand in (b"avif", b"avis") else "video"
    for start, name in ((b"%PDF", "PDF"), (b"8BPS", "Photoshop"), (b"\x1aE\xdf\xa3", "video"), (b"RIFF", "video"),
                        (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"\0\0\0\x0cjP", "JPEG 2000"),
                        (b"PK\x03\x04", "ZIP"), (b"efSR", "seals"), (b"<", "SVG or HTML")):
        if data.startswith(start):
            return name
    return None


def _jpeg(data: bytes) -> Header:
    width = height = 0
    orientation, complete, at = 1, False, 2
    while found := _JPEG_MARKER.search(data, at):
        marker, at = found.group(1)[0], found.end()
        if marker == 0xD9:
            complete = True
            break
        if marker in (0x01, 0xD8):
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES and not width:
            height, width = struct.unpack_from(">HH", data, at + 3)
        elif marker == 0xE1 and data[at + 2:at + 8] == b"Exif\0\0":
            orientation = _exif_orientation(data[at + 8:at + length])
        at += max(length, 2)
    return Header("JPEG", width, height, orientation, complete=complete)


def _png(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 16)
    at, orientation, several, complete = 8, 1, False, False
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"acTL":
            several = struct.unpack_from(">I", data, at + 8)[0] > 1
        elif name == b"eXIf":
            orientation = _exif_orientation(data[at + 8:at + 8 + length])
        if at + 12 + length > len(data):
            break
        if zlib.crc32(data[at + 4:at + 8 + length]) != struct.unpack_from(">I", data, at + 8 + length)[0]:
            raise ValueError("a checksum does not fit: it was damaged on the way")
        if name == b"IEND":
            complete = True
            break
        at += 12 + length
    return Header("PNG", width, height, orientation, several, complete)


def _gif(data: bytes) -> Header:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    frames = 0
    while at < len(data):
        block = data[at]
        if block == 0x3B:
            return Header("GIF", width, height, several=frames > 1)
        if block == 0x2C:
            frames += 1
            local = data[at + 9]
            at += 11 + (3 << ((local & 7) + 1) if local & 0x80 else 0)
        elif block == 0x21:
            at += 2
        else:
            break
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    # Many animations end without their trailer: what counts is that the first picture is whole.
    return Header("GIF", width, height, several=frames > 1, complete=frames > 1)


def _webp(data: bytes) -> Header | None:
    if data[8:12] != b"WEBP":
        return None
    (size,) = struct.unpack_from("<I", data, 4)
    complete = len(data) >= size + 8
    chunk = data[12:16]
    if chunk == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, 26))
        return Header("WebP", width, height, complete=complete)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, complete=complete)
    if chunk != b"VP8X":
        raise ValueError("the header is damaged")
    flags = data[20]
    width, height = (1 + int.from_bytes(data[i:i + 3], "little") for i in (24, 27))
    orientation, at = 1, 12
    while flags & 0x08 and at + 8 <= len(data):
        name, length = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"EXIF":
            block = data[at + 8:at + 8 + length]
            orientation = _exif_orientation(block.removeprefix(b"Exif\0\0"))
        at += 8 + length + (length & 1)
    return Header("WebP", width, height, orientation, bool(flags & 0x02), complete)


def _bmp(data: bytes) -> Header:
    size, pixels, header = struct.unpack_from("<I4xII", data, 2)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", abs(width), abs(height), complete=len(data) >= size and len(data) > pixels)


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    tags, following = _tiff_tags(data, order)
    # Orientation stays 1: OpenCV's TIFF reader turns the picture by itself, in every version from 4.6 to 5.
    return Header("TIFF", tags.get(256, 0), tags.get(257, 0), several=following != 0)


def _pnm(data: bytes) -> Header:
    found = re.match(rb"P[1-6](?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s", data)
    if not found:
        raise ValueError("the header is damaged")
    return Header("PNM", int(found.group(1)), int(found.group(2)))


def _tiff_tags(data: bytes, order: str) -> tuple[dict[int, int], int]:
    """Tags of the first directory that hold one short or long, and the place of the next directory."""
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    tags: dict[int, int] = {}
    for i in range(count):
        tag, kind, number = struct.unpack_from(order + "HHI", data, at + 2 + 12 * i)
        if number == 1 and kind in (3, 4):
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, at + 10 + 12 * i)
    return tags, struct.unpack_from(order + "I", data, at + 2 + 12 * count)[0]


def _exif_orientation(block: bytes) -> int:
    """EXIF's orientation 1 to 8; 1 where it is missing or damaged, as every viewer takes it."""
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    try:
        tags, _ = _tiff_tags(block + b"\0\0\0\0", "<" if block[:2] == b"II" else ">")
    except struct.error:
        return 1
    value = tags.get(0x0112, 1)
    return value if 1 <= value <= 8 else 1


_READERS = ((b"\xff\xd8\xff", _jpeg), (b"\x89PNG\r\n\x1a\n", _png), (b"GIF87a", _gif), (b"GIF89a", _gif), (b"RIFF", _webp),
            (b"BM", _bmp), (b"II*\0", _tiff), (b"MM\0*", _tiff), (b"P1", _pnm), (b"P2", _pnm), (b"P3", _pnm),
            (b"P4", _pnm), (b"P5", _pnm), (b"P6", _pnm))


_TURNS = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}


@dataclass(frozen=True, slots=True)
class Track:
    """How a player shows the first video track of an MP4 or MOV file: turned clockwise by 0, 90, 180 or 270 degrees,
    for so many seconds (0 when not stated), edits counted in."""

    turn: int
    seconds: float


def mp4_track(path: str | os.PathLike[str]) -> Track | None:
    """The first video track; None when the file is of another kind or has none. Raises ValueError when damaged.

    OpenCV 4.6 turns such videos the wrong way round: faces would stand on their heads, where no detector finds them.
    """
    try:
        return _mp4_track(path)
    except struct.error as error:
        raise ValueError("the header is damaged or cut off") from error


def _mp4_track(path: str | os.PathLike[str]) -> Track | None:
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at + 8 <= size:
            file.seek(at)
            length, name = struct.unpack(">I4s", file.read(8))
            head = 8
            if length == 1:
                length, head = struct.unpack(">Q", file.read(8))[0], 16
            elif length == 0:
                length = size - at
            if at == 0 and name not in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
                return None
            if name == b"moov":
                return _moov_track(file.read(min(length - head, 64 << 20))) if length >= head else None
            if length < head:
                return None
            at += length
    return None


def _moov_track(moov: bytes) -> Track | None:
    boxes = _boxes(moov)
    movie = dict(boxes).get(b"mvhd", b"")
    (scale,) = struct.unpack_from(">I", movie, 12 if movie[:1] == b"\0" else 20)
    for name, track in boxes:
        if name != b"trak":
            continue
        parts = dict(_boxes(track))
        handler = dict(_boxes(parts.get(b"mdia", b""))).get(b"hdlr", b"")
        if handler[8:12] != b"vide":
            continue
        header = parts.get(b"tkhd", b"")
        short = header[:1] == b"\0"
        (duration,) = struct.unpack_from(">I" if short else ">Q", header, 20 if short else 28)
        a, b, _, c, d = struct.unpack_from(">5i", header, 40 if short else 52)
        turn = _TURNS.get((_sign(a), _sign(b), _sign(c), _sign(d)), 0)
        unknown = duration == (0xFFFFFFFF if short else 0xFFFFFFFFFFFFFFFF)
        return Track(turn, 0.0 if unknown or not scale else duration / scale)
    return None


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if length < 8:
            break
        found.append((name, data[at + 8:at + length]))
        at += length
    return found


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
