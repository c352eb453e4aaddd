"""Picture files made by hand: kinds that OpenCV does not write, and EXIF put into those that it does."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np

from edge_face.opencv import cv2
from edge_face.types import Image

RED, GREEN, BLUE, WHITE = (0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255)

# 16 x 12 px: red, green above; blue, white below. Made with Pillow; the animations' second pictures stand on their heads.
CMYK_JPEG = base64.b64decode("""
/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFB
gSFBUU/8AAFAgADAAQBEMRAE0RAFkRAEsRAP/EABcAAAMBAAAAAAAAAAAAAAAAAAAJCgj/xAAaEAEAAQUAAAAAAAAAAAAAAAAABQgZV6XU/9oA
DgRDAE0AWQBLAAA/ANU3R6Ysm6CU5iqmVLXFTuMt/F9JqZVdrip3GW/i+lVQLXFTuMt/F9IZVSrn/BVQqoAf/9k=""")
ANIMATED_GIF = base64.b64decode("""
R0lGODlhEAAMAIEAAP///wD/AP8AAAAA/yH5BAAKAAAALAAAAAAQAAwAAAg9AAUIHCgwgMGDBgkSRIhQ4UCGBx0WhBhAogCKFSViHMCxI0cAIE
OC9OhRpEiSHU2GRPlRJQCWA1y+ZCkzIAAh+QQBCgAEACwAAAAAEAAMAIH///8A/wD/AAAAAP8IPQABCBwocIDBgwYJEkSIUOFAhgcdFoQ4QCIA
ihUlYgzAsSNHASBDgvToUaRIkh1NhkT5UaUAlgFcvmQpMyAAOw==""")
GIF = base64.b64decode("""
R0lGODdhEAAMAIEAAP///wD/AP8AAAAA/ywAAAAAEAAMAAAIPQAFCBwoMIDBgwYJEkSIUOFAhgcdFoQYQKIAihUlYhzAsSNHACBDgvToUaRIkh
1NhkT5USUAlgNcvmQpMyAAOw==""")
ANIMATED_WEBP = base64.b64decode("""
UklGRrgAAABXRUJQVlA4WAoAAAACAAAADwAACwAAQU5JTQYAAAAAAAAAAABBTk1GQgAAAAAAAAAAAA8AAAsAAGQAAAJWUDhMKgAAAC8PwAIAHy
AQSN4fOo35FxAU/B/d/EdkD4Aw22iSkzzJfQ8hov+x6Qd1BUFOTUZCAAAAAAAAAAAADwAACwAAZAAAAFZQOEwqAAAALw/AAgAfIBBI3h86jfkX
EBT8H938R2QPgDDbaJKTnOR9DyGi/7HBp3UF""")


def quarters(width: int = 16, height: int = 12) -> Image:
    """Red, green above; blue, white below: every turn and flip shows."""
    image: Image = np.empty((height, width, 3), np.uint8)
    image[:height // 2, :width // 2], image[:height // 2, width // 2:] = RED, GREEN
    image[height // 2:, :width // 2], image[height // 2:, width // 2:] = BLUE, WHITE
    return image


def corners(image: Image) -> list[str]:
    """The colours of the four quarters' middles: above left, above right, below left, below right."""
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    height, width = image.shape[:2]
    found = []
    for y in (height // 4, height * 3 // 4):
        for x in (width // 4, width * 3 // 4):
            pixel = image[y, x].astype(int)
            found.append(min(names, key=lambda n: float(np.abs(pixel - names[n]).sum())))
    return found


def exif(orientation: int) -> bytes:
    """A TIFF block that says only how the picture is turned, big-endian, with a place that must not travel."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(">HHI4s", 0x0131, 2, 4, b"GPS\0")
    return b"MM\0*" + struct.pack(">IH", 8, 2) + entries + struct.pack(">I", 0)


def jpeg(image: Image, orientation: int = 1, quality: int = 95) -> bytes:
    data: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    block = b"Exif\0\0" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def png(image: Image, orientation: int = 1) -> bytes:
    data: bytes = cv2.imencode(".png", image)[1].tobytes()
    return data[:33] + png_chunk(b"eXIf", exif(orientation)) + data[33:]


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb_png(width: int, height: int) -> bytes:
    """A few hundred bytes that claim to be a picture of that size."""
    rows = zlib.compress(b"\0" * 100_000)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b""))


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
