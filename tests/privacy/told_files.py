"""One face in every kind of picture and video that people have, with what may tell on it: places, thumbnails, second pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import stills
from edge_face.media import read_picture
from edge_face.opencv import cv2
from edge_face.types import Box, Image

SCALE = 0.5
FACE = Box(178.1, 201.4, 154.2, 202.1).scaled(SCALE, SCALE)
"""Where it is in `face()`, by the label of the bundled still."""
PLACE = b"N48-51-30 E002-17-40"
"""Stands for a place in every kind of metadata, so that it is found again wherever it went."""


def face() -> Image:
    """A bundled still of 240 x 320 with one face."""
    return cv2.resize(read_picture(stills("ben")[0]), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def encoded(image: Image, suffix: str, *options: int) -> bytes:
    data: bytes = cv2.imencode(suffix, image, list(options))[1].tobytes()
    return data


def thumbnail() -> bytes:
    """A small sharp JPEG of the face, as cameras put into EXIF: the classic leak."""
    x, y, w, h = (int(v) for v in (FACE.x, FACE.y, FACE.width, FACE.height))
    return encoded(np.ascontiguousarray(face()[y - 10:y + h + 10, x - 10:x + w + 10]), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 92)


def exif(orientation: int = 1) -> bytes:
    """A TIFF block, little-endian: orientation, a GPS directory with a place, and a second directory with the thumbnail."""
    small = thumbnail()
    first, gps, second = 8, 8 + 2 + 2 * 12 + 4, 8 + 2 + 2 * 12 + 4 + 2 + 12 + 4
    data = second + 2 + 2 * 12 + 4
    block = b"II*\0" + struct.pack("<I", first)
    block += struct.pack("<H", 2) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack("<HHII", 0x8825, 4, 1, gps)
    block += struct.pack("<I", second)
    block += struct.pack("<H", 1) + struct.pack("<HHII", 0x001B, 7, len(PLACE), data + len(small)) + struct.pack("<I", 0)
    block += struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, data) + struct.pack("<HHII", 0x0202, 4, 1, len(small))
    return block + struct.pack("<I", 0) + small + PLACE


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def telling_jpeg(orientation: int = 1, image: Image | None = None) -> bytes:
    """EXIF with place and thumbnail, XMP, Photoshop's (IPTC), a comment, and behind the end a second JPEG and a film, as phones write."""
    data = encoded(face() if image is None else image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
    told = (segment(0xE1, b"Exif\0\0" + exif(orientation)) + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + PLACE)
            + segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(PLACE)) + PLACE) + segment(0xFE, PLACE))
    return data[:2] + told + data[2:] + thumbnail() + b"\0\0\0\x18ftypmp42" + PLACE


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def telling_png() -> bytes:
    """EXIF, text in three ways, a time, and bytes behind the end."""
    data = encoded(face(), ".png")
    told = (png_chunk(b"eXIf", exif()) + png_chunk(b"tEXt", b"Location\0" + PLACE)
            + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PLACE)
            + png_chunk(b"zTXt", b"Location\0\0" + zlib.compress(PLACE)) + png_chunk(b"tIME", b"\x07\xea\x0b\x16\x05\0\0"))
    return data[:33] + told + data[33:] + thumbnail() + PLACE


def telling_webp() -> bytes:
    """A WebP in the extended form with EXIF and XMP."""
    inner = encoded(face(), ".webp", cv2.IMWRITE_WEBP_QUALITY, 95)[12:]
    height, width = face().shape[:2]
    head = struct.pack("<B3x", 0x0C) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) & 1)
                              for name, part in ((b"VP8X", head), (b"EXIF", exif()), (b"XMP ", PLACE)))
    at = body.index(b"EXIF")
    body = body[:at] + inner + body[at:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def palette_png() -> bytes:
    """Grey as a palette of 256 colours."""
    grey = cv2.cvtColor(face(), cv2.COLOR_BGR2GRAY)
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 3, 0, 0, 0)
    colours = bytes(v for i in range(256) for v in (i, i, i))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"PLTE", colours) + png_chunk(b"IDAT", zlib.compress(rows))
            + png_chunk(b"IEND", b""))


def animated_png() -> bytes:
    """Two pictures: an empty wall, then the face. Viewers that know no animation, and we, show the first."""
    wall = np.full_like(face(), 120)
    first, second = encoded(wall, ".png"), encoded(face(), ".png")

    def rows(data: bytes) -> bytes:
        at, found = 8, b""
        while at < len(data):
            (length,) = struct.unpack_from(">I", data, at)
            if data[at + 4:at + 8] == b"IDAT":
                found += data[at + 8:at + 8 + length]
            at += 12 + length
        return found

    height, width = wall.shape[:2]
    control = struct.pack(">IIIIHHBB", width, height, 0, 0, 1, 2, 0, 0)
    return (first[:33] + png_chunk(b"acTL", struct.pack(">II", 2, 0)) + png_chunk(b"fcTL", struct.pack(">I", 0) + control)
            + png_chunk(b"IDAT", rows(first)) + png_chunk(b"fcTL", struct.pack(">I", 1) + control)
            + png_chunk(b"fdAT", struct.pack(">I", 2) + rows(second)) + png_chunk(b"IEND", b""))


def under_glass() -> bytes:
    """The face under full transparency: no viewer shows it, every program that reads the file can."""
    alpha = np.zeros((*face().shape[:2], 1), np.uint8)
    return encoded(np.dstack([face(), alpha]), ".png")


def cmyk_tiff() -> bytes:
    """Uncompressed, four inks."""
    bgr = face().astype(np.int16)
    cmyk = np.dstack([255 - bgr[:, :, 2], 255 - bgr[:, :, 1], 255 - bgr[:, :, 0], np.zeros(bgr.shape[:2], np.int16)]).astype(np.uint8)
    height, width = cmyk.shape[:2]
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 4, 8 + 2 + 9 * 12 + 4), (259, 3, 1, 1), (262, 3, 1, 5),
            (273, 4, 1, 8 + 2 + 9 * 12 + 4 + 8), (277, 3, 1, 4), (278, 4, 1, height), (279, 4, 1, cmyk.size)]
    block = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", 0)
    return block + struct.pack("<4H", 8, 8, 8, 8) + cmyk.tobytes()


def deep(suffix: str) -> bytes:
    """16 bits a colour."""
    return encoded((face().astype(np.uint16) << 8) + 90, suffix)  # type: ignore[arg-type]


PICTURES: dict[str, Callable[[], bytes]] = {
    "telling.jpg": telling_jpeg, "telling.png": telling_png, "telling.webp": telling_webp,
    "progressive.jpg": lambda: encoded(face(), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 95),
    "restarts.jpg": lambda: encoded(face(), ".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 4, cv2.IMWRITE_JPEG_QUALITY, 95),
    "grey.jpg": lambda: encoded(cv2.cvtColor(face(), cv2.COLOR_BGR2GRAY), ".jpg"),  # type: ignore[arg-type]
    "cmyk.tif": cmyk_tiff, "deep.png": lambda: deep(".png"), "deep.tif": lambda: deep(".tif"), "palette.png": palette_png,
    "alpha.png": lambda: encoded(np.dstack([face(), np.full(face().shape[:2], 255, np.uint8)]), ".png"),
    "half alpha.png": lambda: encoded(np.dstack([face(), np.full(face().shape[:2], 200, np.uint8)]), ".png"),
    "plain.bmp": lambda: encoded(face(), ".bmp"), "plain.ppm": lambda: encoded(face(), ".ppm"),
    "plain.webp": lambda: encoded(face(), ".webp", cv2.IMWRITE_WEBP_QUALITY, 101)}
"""Pictures that show the face at `FACE`."""


def film(path: Path, frames: int = 8, size: tuple[int, int] = (240, 320), *, codec: str = "mpeg4", kind: str | None = None,
         pixels: str = "yuv420p", told: bool = False, cover: bool = False, times: list[float] | None = None) -> Path:
    """The face moving to the right, as PyAV writes it. `told`: a place in the metadata; `cover`: a sharp picture attached, as players show
    it in lists; `times`: seconds of the frames."""
    av = pytest.importorskip("av")
    file = av.open(str(path), "w", format=kind, options={"movflags": "use_metadata_tags"} if told else {})
    if told:
        file.metadata.update({"location": PLACE.decode(), "title": PLACE.decode(), "comment": PLACE.decode()})
    stream = file.add_stream(codec, rate=10)
    stream.width, stream.height, stream.pix_fmt = size[0], size[1], pixels  # type: ignore[attr-defined]
    stream.codec_context.time_base = Fraction(1, 1000)
    stream.bit_rate = 2_000_000  # type: ignore[attr-defined]
    attached = file.add_stream("mjpeg", rate=1) if cover else None
    if attached is not None:
        attached.width, attached.height, attached.pix_fmt = 240, 320, "yuvj420p"  # type: ignore[attr-defined]
        attached.disposition = av.stream.Disposition.attached_pic
    wide = cv2.resize(face(), size)
    for i in range(frames):
        shown = cv2.warpAffine(wide, np.array([[1.0, 0, 2 * i], [0, 1, 0]]), size, borderMode=cv2.BORDER_REPLICATE)
        frame = av.VideoFrame.from_ndarray(shown, format="bgr24").reformat(format=pixels)
        frame.pts, frame.time_base = round((times[i] if times else i / 10) * 1000), Fraction(1, 1000)
        file.mux(stream.encode(frame))  # type: ignore[attr-defined]
    file.mux(stream.encode(None))  # type: ignore[attr-defined]
    if attached is not None:
        picture = av.VideoFrame.from_ndarray(face(), format="bgr24").reformat(format="yuvj420p")
        file.mux(attached.encode(picture))  # type: ignore[attr-defined]
        file.mux(attached.encode(None))  # type: ignore[attr-defined]
    file.close()
    return path
