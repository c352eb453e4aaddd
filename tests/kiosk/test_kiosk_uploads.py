"""Pictures of strangers: what is refused before it is unpacked, what the child gives back, and that nothing a file holds does harm."""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest

from edge_face.demo import stills
from edge_face.errors import MediaError, ServiceError
from edge_face.kiosk import uploads
from edge_face.kiosk.uploads import LONGEST_SIDE, MOST_BYTES, Pixels, Unpacker, sniff
from edge_face.types import Image

T = TypeVar("T")


def with_child(work: Callable[[Unpacker], Awaitable[T]]) -> T:
    async def run() -> T:
        unpacker = Unpacker()
        try:
            return await work(unpacker)
        finally:
            await unpacker.close()

    return asyncio.run(run())


def unpacked(*files: bytes) -> list[Pixels | str]:
    """What comes of each, by one child: pixels or the sentence."""
    async def work(unpacker: Unpacker) -> list[Pixels | str]:
        found: list[Pixels | str] = []
        for data in files:
            try:
                found.append(await unpacker.unpack(data))
            except MediaError as error:
                found.append(str(error))
        return found

    return with_child(work)


def image_of(pixels: Any) -> Image:
    assert isinstance(pixels, Pixels), pixels
    return np.frombuffer(base64.b64decode(pixels.pixels), np.uint8).reshape(pixels.height, pixels.width, 3)


def jpeg(width: int, height: int, *options: int) -> bytes:
    y, x = np.mgrid[0:64, 0:64]
    small = np.dstack([x * 4, y * 4, np.full_like(x, 128)]).astype(np.uint8)
    image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.imencode(".jpg", image, [*options])[1].tobytes()


def png(width: int, height: int, rows: bytes | None = None) -> bytes:
    """Of one colour: a few kilobytes, whatever the size."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packed = zlib.compress(bytes(width * 3 + 1) * height if rows is None else rows, 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", packed)
            + chunk(b"IEND", b""))


def turned(data: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF orientation, and a place where it was taken."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HH", orientation, 0) + b"\0\0\0\0GPS 47.3769N 8.5417E"
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def test_a_photo_of_a_phone_comes_back_smaller_and_upright() -> None:
    plain, upright = unpacked(jpeg(4000, 3000), turned(jpeg(4000, 3000), 6))
    assert image_of(plain).shape == (720, LONGEST_SIDE, 3)
    assert image_of(upright).shape == (LONGEST_SIDE, 720, 3)
    # Blue grew from left to right; turned clockwise it grows downwards.
    assert image_of(upright)[-20:, :, 0].mean() > 200 > 50 > image_of(upright)[:20, :, 0].mean()
    assert b"GPS" not in base64.b64decode(upright.pixels)  # type: ignore[union-attr]


def test_faces_survive_the_way() -> None:
    data = stills("ben")[0].read_bytes()
    found = image_of(unpacked(data)[0])
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found.shape == whole.shape
    assert np.abs(found.astype(int) - whole.astype(int)).mean() < 1.0


def test_fifty_million_pixels_are_taken_as_jpeg_and_refused_as_png() -> None:
    large, bomb, later = unpacked(jpeg(8160, 6120, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), png(8160, 6120), jpeg(640, 480))
    assert image_of(large).shape == (720, LONGEST_SIDE, 3)
    assert isinstance(bomb, str)
    assert "8160 x 6120 pixels" in bomb
    assert "save it smaller" in bomb
    assert image_of(later).shape == (480, 640, 3)


@pytest.mark.parametrize(("width", "height"), [(65535, 65535), (30000, 30000), (100000, 1000)])
def test_a_bomb_is_not_lit(width: int, height: int) -> None:
    said, = unpacked(png(width, height, rows=bytes(1000)))
    assert isinstance(said, str)
    assert "pixels" in said


@pytest.mark.parametrize(("data", "words"), [
    (b"", "choose a file first"),
    (b"hello, this is a text and no picture", "no picture that can be used"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG or WebP"),
    (b"%PDF-1.7", "JPEG, PNG or WebP"),
    (b"PK\x03\x04", "JPEG, PNG or WebP"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "Most Compatible"),
    (b"\0\0\0\x18ftypavif\0\0\0\0", "save it as JPEG"),
    (b"\0\0\0\x18ftypisom\0\0\0\0", "this is a video"),
    (b"\xff\xd8\xff" + bytes(MOST_BYTES), "larger than 24 MB"),
])
def test_what_is_no_photo_is_told_before_it_is_unpacked(data: bytes, words: str) -> None:
    with pytest.raises(MediaError, match=words):
        sniff(data)


def test_damaged_files_are_told_and_the_child_lives_on() -> None:
    whole, gif = jpeg(640, 480), b"GIF89a\x40\0\x40\0\0\0\0;"
    files = [whole[:3000], whole[:2] + b"\xff\xe1\xff\xff" + whole[2:100], b"\xff\xd8\xff" + b"\x41" * 900, png(64, 64)[:-20],
             png(640, 480, rows=b"\0" * 9), gif, jpeg(40, 30), b"RIFF\x10\0\0\0WEBPVP8 ", whole]
    *bad, last = unpacked(*files)
    assert all(isinstance(one, str) and one for one in bad), bad
    assert image_of(last).shape == (480, 640, 3)


def test_the_child_can_open_nothing_and_start_nothing() -> None:
    async def limits(unpacker: Unpacker) -> str:
        await unpacker.unpack(jpeg(64, 64))
        assert unpacker._child is not None
        return Path(f"/proc/{unpacker._child.pid}/limits").read_text(encoding="ascii")

    rows = {line[:26].strip(): line[26:].split()[:2] for line in with_child(limits).splitlines()}
    assert rows["Max open files"] == ["3", "3"]
    assert rows["Max processes"] == ["0", "0"]
    assert rows["Max file size"] == ["0", "0"]
    assert rows["Max address space"][0] != "unlimited"


def test_a_child_that_was_killed_is_replaced() -> None:
    async def work(unpacker: Unpacker) -> Pixels:
        await unpacker.unpack(jpeg(640, 480))
        assert unpacker._child is not None
        unpacker._child.kill()
        await unpacker._child.wait()
        return await unpacker.unpack(jpeg(320, 240))

    assert with_child(work).width == 320


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS", 0.0)
    monkeypatch.setattr(uploads, "START_SECONDS", 0.0)

    async def work(unpacker: Unpacker) -> bool:
        with pytest.raises(MediaError, match="takes too long"):
            await unpacker.unpack(jpeg(640, 480))
        return unpacker._child is None

    assert with_child(work)


def test_few_wait_and_the_others_are_told() -> None:
    async def work(unpacker: Unpacker) -> list[Any]:
        return await asyncio.gather(*(unpacker.unpack(jpeg(64, 64)) for _ in range(7)), return_exceptions=True)

    answers = with_child(work)
    assert [type(answer) for answer in answers] == [Pixels] * 4 + [ServiceError] * 3


def test_an_idle_child_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE_SECONDS", 0.3)

    async def work(unpacker: Unpacker) -> bool:
        await unpacker.unpack(jpeg(64, 64))
        await asyncio.sleep(1.0)
        return unpacker._child is None

    assert with_child(work)
