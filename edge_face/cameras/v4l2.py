"""The little of Video4Linux (linux/videodev2.h) that is needed to say which video nodes are cameras."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

_QUERYCAP = 0x80685600
"""_IOR('V', 0, struct v4l2_capability), 104 bytes"""
_ENUM_FMT = 0xC0405602
"""_IOWR('V', 2, struct v4l2_fmtdesc), 64 bytes"""
_ENUM_FRAMESIZES = 0xC02C564A
"""_IOWR('V', 74, struct v4l2_frmsizeenum), 44 bytes"""
_CAPTURE, _STREAMING, _DEVICE_CAPS = 0x1, 0x04000000, 0x80000000
_BUFFER_CAPTURE = 1
_DISCRETE = 1
_BOARD_DRIVERS = frozenset({"unicam", "bcm2835-isp", "bcm2835-codec", "bcm2835-unicam", "rp1-cfe", "pispbe", "rpi-hevc-dec", "rpivid",
                            "rpi-codec"})
"""Nodes of a Raspberry Pi's own camera path and codecs: libcamera's, not cameras by themselves."""

Control = Callable[[int, int, bytearray], object]
"""ioctl(handle, request, buffer that is changed in place); raises OSError."""


@dataclass(frozen=True, slots=True)
class Node:
    """A video node: its driver, card name, whether frames can be streamed from it, and sizes by format (MJPG, YUYV, ...)."""

    driver: str
    card: str
    streams: bool
    formats: dict[str, tuple[tuple[int, int], ...]]

    @property
    def is_camera(self) -> bool:
        return self.streams and self.driver not in _BOARD_DRIVERS and bool(self.formats)


def probe(device: str, control: Control = fcntl.ioctl) -> Node:
    """Asks a video node what it is. Raises OSError when it cannot be opened or is no video node."""
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _ask(handle, control)
    finally:
        os.close(handle)


def _ask(handle: int, control: Control) -> Node:
    answer = bytearray(104)
    control(handle, _QUERYCAP, answer)
    driver, card, _, _, everything, device, *_ = struct.unpack("=16s32s32sIII3I", answer)
    able = device if everything & _DEVICE_CAPS else everything
    streams = bool(able & _CAPTURE) and bool(able & _STREAMING)
    formats: dict[str, tuple[tuple[int, int], ...]] = {}
    for index in range(32 if streams else 0):
        entry = bytearray(struct.pack("=II56x", index, _BUFFER_CAPTURE))
        try:
            control(handle, _ENUM_FMT, entry)
        except OSError:
            break
        code = bytes(entry[44:48])
        formats[_text(code).strip()] = _sizes(handle, code, control)
    return Node(_text(driver), _text(card), streams, formats)


def _sizes(handle: int, code: bytes, control: Control) -> tuple[tuple[int, int], ...]:
    sizes: list[tuple[int, int]] = []
    for index in range(64):
        entry = bytearray(struct.pack("=I4s36x", index, code))
        try:
            control(handle, _ENUM_FRAMESIZES, entry)
        except OSError:
            break
        _, _, kind, width, height = struct.unpack("=I4sIII24x", entry)
        if kind != _DISCRETE:
            break  # a range of sizes: any will do
        sizes.append((width, height))
    return tuple(sorted(set(sizes)))


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
