"""Sealed faces: exact to the pixel, each by itself, and refused by name when anything was changed."""

from __future__ import annotations

import hashlib
import io
import struct
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_face.errors import SealedError, UsageError
from edge_face.privacy.regions import Region, everything
from edge_face.privacy.registry import anonymize
from edge_face.privacy.sealed import key_id, open_faces, seal_faces
from edge_face.privacy.sealed.container import INFO, Record, binding, pack, read_header, read_records, with_records
from edge_face.privacy.sealed.faces import cut_faces
from edge_face.privacy.sealed.hpke import seal_base
from edge_face.types import Box, Image

OWNER = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = OWNER.public_key()
WHEN = 1_790_000_000.25
ONE, TWO, EDGE = Region(Box(20, 30, 50, 60), "unknown", 1), Region(Box(55, 50, 40, 50), "weak"), Region(Box(140, -20, 60, 70), "unknown", 2)
REGIONS = (ONE, TWO, EDGE)


def picture(width: int = 160, height: int = 120, seed: int = 3) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def original() -> Image:
    return picture()


@pytest.fixture(scope="module")
def hidden(original: Image) -> Image:
    return anonymize(original, REGIONS, "gaussian", 0.7)


@pytest.fixture(scope="module")
def sealed(original: Image, hidden: Image) -> bytes:
    return seal_faces(original, hidden, REGIONS, PUBLIC, WHEN)


def renewed(data: bytes) -> bytes:
    """With the checksum that somebody who changes it on purpose computes anew."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def test_all_faces_come_back_to_the_last_pixel(original: Image, hidden: Image, sealed: bytes) -> None:
    opened = open_faces(hidden, sealed, OWNER)
    assert (opened.image == original).all() and not (hidden == original).all()
    assert opened.opened == opened.faces == (1, 2, 3) and opened.when == WHEN


@pytest.mark.parametrize("method", ["solid", "pixelate", "median"])
def test_whatever_hides_and_wherever_faces_lie(method: str) -> None:
    source = picture(90, 70)
    rows = [Region(Box(x, y, 25, 25), "unknown", x * 1000 + y) for x in range(-15, 100, 15) for y in range(-15, 80, 15)]
    for regions in (rows, [everything(90, 70)], [*rows[:2], everything(90, 70)], [Region(Box(-500, -500, 2000, 2000), "weak")],
                    [Region(Box(89.5, 69.5, 30, 30), "weak"), Region(Box(200, 200, 9, 9), "weak"), Region(Box(5, 5, 0, 9), "weak")]):
        shown = anonymize(source, regions, method, 1.0)
        container = seal_faces(source, shown, regions, PUBLIC, WHEN)
        assert (open_faces(shown, container, OWNER).image == source).all()


def test_one_face_alone_shows_nothing_of_the_one_beside_it(original: Image, hidden: Image, sealed: bytes) -> None:
    """ONE and TWO overlap: the pixels in both are the nearer one's."""
    seen = np.zeros(original.shape[:2], int)
    for face, region in enumerate(REGIONS, 1):
        opened = open_faces(hidden, sealed, OWNER, face)
        assert opened.opened == (face,) and opened.faces == (1, 2, 3)
        changed = (opened.image != hidden).any(axis=2)
        assert (opened.image[changed] == original[changed]).all() and changed.any()
        rows, columns = np.nonzero(changed)
        box = region.box.grown(1.3)
        assert columns.min() >= box.x and columns.max() <= box.x + box.width and rows.max() <= box.y + box.height
        seen += changed
    assert seen.max() == 1 and (seen.astype(bool) == (original != hidden).any(axis=2)).all()
    middle_of_two = tuple(int(v) for v in reversed(TWO.box.centre))
    assert (open_faces(hidden, sealed, OWNER, 1).image[middle_of_two] == hidden[middle_of_two]).all()
    with pytest.raises(UsageError, match="--face 4: there are faces 1 to 3"):
        open_faces(hidden, sealed, OWNER, 4)


def test_a_picture_without_faces_has_an_empty_container(original: Image) -> None:
    container = seal_faces(original, original.copy(), (), PUBLIC, WHEN)
    assert open_faces(original, container, OWNER).opened == () and len(container) == 72 + 32
    with pytest.raises(UsageError, match="there is no face"):
        open_faces(original, container, OWNER, 1)
    with pytest.raises(ValueError, match="outside of every region"):
        seal_faces(original, 255 - original, (), PUBLIC, WHEN)
    with pytest.raises(ValueError, match="size of the original"):
        seal_faces(original, original[:50], REGIONS, PUBLIC, WHEN)


def test_another_key_is_named(hidden: Image, sealed: bytes) -> None:
    other = X25519PrivateKey.generate()
    theirs, ours = (key_id(key).hex()[:4] for key in (PUBLIC, other.public_key()))
    with pytest.raises(SealedError, match=f"sealed for the key {theirs}-.*, this is {ours}-"):
        open_faces(hidden, sealed, other)


def test_another_picture_is_refused(original: Image, hidden: Image, sealed: bytes) -> None:
    touched = hidden.copy()
    touched[0, 0, 0] ^= 1
    for shown in (touched, original, hidden[:, ::-1].copy(), hidden.transpose(1, 0, 2).copy()):
        with pytest.raises(SealedError, match=r"do not belong to the picture 'p.png'"):
            open_faces(shown, sealed, OWNER, name="p.png")


def test_bound_to_the_bytes_of_a_file(original: Image, hidden: Image) -> None:
    container = seal_faces(original, hidden, REGIONS, PUBLIC, WHEN, visible=b"a jpeg")
    near = np.clip(hidden.astype(int) + 1, 0, 255).astype(np.uint8)  # as a decoder may give it
    opened = open_faces(near, container, OWNER, visible=b"a jpeg").image
    changed = (original != hidden).any(axis=2)
    assert (opened[changed] == original[changed]).all()
    with pytest.raises(SealedError, match="do not belong"):
        open_faces(near, container, OWNER, visible=b"another")


def test_every_byte_counts(hidden: Image, sealed: bytes) -> None:
    """Changed on the way the checksum says so; changed on purpose, with a new checksum, a seal or the header does."""
    places = [*range(160), *range(160, len(sealed), 997), *range(len(sealed) - 40, len(sealed))]
    for at in places:
        changed = bytearray(sealed)
        changed[at] ^= 0x10
        with pytest.raises(SealedError):
            open_faces(hidden, bytes(changed), OWNER)
        if at < len(sealed) - 32:
            with pytest.raises(SealedError):
                open_faces(hidden, renewed(bytes(changed)), OWNER)
    for data in (b"", sealed[:4], sealed[:71], sealed[:-1], sealed + b"\0", sealed[:-33] + sealed[-32:], b"\0" * 500):
        with pytest.raises(SealedError):
            open_faces(hidden, data, OWNER)
        if len(data) > 104:
            with pytest.raises(SealedError):
                open_faces(hidden, renewed(data), OWNER)


def test_swapped_moved_and_missing_faces_are_refused_by_name(original: Image, hidden: Image, sealed: bytes) -> None:
    file = io.BytesIO(sealed)
    header = read_header(file, "p")
    one, two, three = read_records(file, header, "p")

    def refused(words: str, *records: object, head: object = header) -> None:
        with pytest.raises(SealedError, match=words):
            open_faces(hidden, b"".join(pack(head, records)), OWNER, name="p.png")  # type: ignore[arg-type]

    refused("face 1 of 'p.png' was changed", replace(one, sealed=two.sealed), replace(two, sealed=one.sealed), three)
    refused("face 2 of 'p.png' was changed", two, one, three)
    refused("face 1 of 'p.png' was changed", one, two, head=with_records(header, 2))
    refused("face 3 of 'p.png' was changed", one, two, replace(three, place=replace(three.place, x=three.place.x - 1)))
    refused("face 2 of 'p.png' was changed", one, replace(two, place=replace(two.place, at=1)), three)
    refused("face 1 of 'p.png' was changed", one, two, three, head=replace(header, when=header.when + 1))
    elsewhere = io.BytesIO(seal_faces(picture(seed=4), hidden, REGIONS, PUBLIC, WHEN))
    foreign = next(read_records(elsewhere, read_header(elsewhere, "q"), "q"))
    refused("face 1 of 'p.png' was changed", replace(foreign, place=one.place), two, three)


def test_what_somebody_else_sealed_for_the_owner_is_not_believed(original: Image, hidden: Image, sealed: bytes) -> None:
    """Anybody has the public key: a small PNG that claims to be huge, or is none, must not be unpacked."""
    file = io.BytesIO(sealed)
    header = with_records(read_header(file, "p"), 1)
    place = cut_faces(original, hidden, REGIONS)[0].place(1)
    huge = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + huge + struct.pack(">I", zlib.crc32(b"IHDR" + huge))
    for plain in (b"", b"no picture", bomb):
        record = Record(place, seal_base(PUBLIC, INFO, binding(header, 0, place), plain))
        with pytest.raises(SealedError, match=r"face 1 of 'p.png' holds no picture of its box"):
            open_faces(hidden, b"".join(pack(header, [record])), OWNER, name="p.png")


def test_a_thousand_faces_and_a_large_picture_take_no_time() -> None:
    source = picture(1600, 1200)
    regions = [Region(Box(x * 40, y * 48, 35, 40), "weak") for x in range(40) for y in range(25)]
    shown = anonymize(source, regions, "solid", 1.0)
    begun = time.process_time()
    container = seal_faces(source, shown, regions, PUBLIC, WHEN)
    opened = open_faces(shown, container, OWNER)
    assert (opened.image == source).all() and len(opened.faces) == 1000
    assert time.process_time() - begun < 10
