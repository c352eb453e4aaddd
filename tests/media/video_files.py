"""Small videos whose frames say their own number, so that a lost or doubled frame is noticed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from edge_face.media import VideoReader, VideoWriter
from edge_face.types import Image

BITS = 8


def numbered(number: int, width: int = 64, height: int = 48) -> Image:
    """A frame with its number as a row of black and white bars, the lowest bit first."""
    image: Image = np.full((height, width, 3), 128, np.uint8)
    step = width // BITS
    for bit in range(BITS):
        image[:, bit * step:(bit + 1) * step] = 230 if number >> bit & 1 else 25
    return image


def number_of(image: Image) -> int:
    width = image.shape[1]
    step = width // BITS
    return sum(1 << bit for bit in range(BITS) if image[:, bit * step + 2:(bit + 1) * step - 2].mean() > 128)


def write_numbered(path: Path, frames: int = 30, fps: float = 15.0, width: int = 64, height: int = 48,
                   encoder: str = "auto") -> Path:
    with VideoWriter(path, width, height, fps, encoder=encoder) as writer:
        for i in range(frames):
            writer.write(numbered(i, width, height))
    return path


def numbers_in(path: Path) -> list[int]:
    with VideoReader(path) as reader:
        return [number_of(image) for _, _, image in reader]


def turned(path: Path, target: Path, matrix: tuple[int, int, int, int]) -> Path:
    """The same MP4 with another display matrix (a, b, c, d)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    at += 40 if data[at] == 0 else 52
    a, b, c, d = (v * 65536 for v in matrix)
    data[at:at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    target.write_bytes(data)
    return target
