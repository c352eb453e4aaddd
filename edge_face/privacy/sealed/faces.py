"""Faces of one picture under the owner's key, and back: exact to the pixel, each by itself.

What is sealed of a face is a PNG of its rectangle in which a pixel is opaque when it was changed by hiding and is this face's: where two
hidden faces touch, each pixel belongs to the one whose middle is nearer, so that opening one face never shows another.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.errors import SealedError, UsageError
from edge_face.media.headers import read_header as read_picture_header
from edge_face.opencv import cv2
from edge_face.privacy.masks import bounds
from edge_face.privacy.regions import POWER, Region
from edge_face.privacy.sealed.container import (
    INFO,
    Bound,
    Header,
    Place,
    Record,
    binding,
    pack,
    pixels_digest,
    read_header,
    read_records,
)
from edge_face.privacy.sealed.hpke import X25519PrivateKey, X25519PublicKey, open_base, seal_base
from edge_face.privacy.sealed.owner_keys import key_id
from edge_face.privacy.sealed.places import key_words
from edge_face.types import Image, Mask

_REACH = 1.6
"""Times a hidden shape's size: as far as soft rims go."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A picture with faces opened: which of `faces` (their numbers), and when it was sealed (seconds since 1970)."""

    image: Image
    opened: tuple[int, ...]
    faces: tuple[int, ...]
    when: float


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One face's own pixels before sealing: a PNG of its rectangle."""

    region: int
    x: int
    y: int
    width: int
    height: int
    png: bytes

    def place(self, face: int, frame: int = 0, at: int = 0) -> Place:
        """Where and when that is."""
        return Place(face, frame, at, self.x, self.y, self.width, self.height)


def seal_faces(original: Image, hidden: Image, regions: Sequence[Region], public: X25519PublicKey, when: float,
               visible: bytes | None = None) -> bytes:
    """The faces of a picture, sealed for the holder of the private half.

    `original`, `hidden`: (h, w, 3) BGR of one size; `regions`: what was hidden. `when`: seconds since 1970. `visible`: the bytes of the
    file that shows `hidden` where that is not exact (JPEG); without it they are bound to the pixels of `hidden`. Every pixel in which the
    two differ is sealed, in one record a face, numbered from 1 as the regions come. Raises ValueError for pictures of different sizes.
    """
    cuts = cut_faces(original, hidden, regions)
    height, width = hidden.shape[:2]
    digest = digest_of(hidden) if visible is None else hashlib.sha256(visible).digest()
    bound = Bound.PIXELS if visible is None else Bound.FILE
    header = Header(bound, key_id(public), width, height, 1, len(cuts), milliseconds(when), digest)
    places = [cut.place(number) for number, cut in enumerate(cuts, 1)]
    return b"".join(pack(header, (Record(place, seal_base(public, INFO, binding(header, i, place), cuts[i].png))
                                  for i, place in enumerate(places))))


def open_faces(shown: Image, sealed: bytes, private: X25519PrivateKey, face: int | None = None, *, visible: bytes | None = None,
               name: str = "picture") -> Opened:
    """A copy of the visible picture with all sealed faces, or one of them, as they were.

    `visible`: the bytes of the file it was read from. Raises SealedError: changed, damaged, of another picture, for another key; UsageError
    for a face that there is not.
    """
    file = io.BytesIO(sealed)
    header = read_header(file, name)
    require_key(header, private, name)
    digest = digest_of(shown) if header.bound is Bound.PIXELS else hashlib.sha256(visible or b"").digest()
    if header.frames != 1 or (header.height, header.width) != shown.shape[:2] or digest != header.visible:
        raise SealedError(f"the sealed faces do not belong to the picture '{name}': it was changed since, or they come from another one")
    records = list(read_records(file, header, name))
    faces = tuple(dict.fromkeys(record.place.face for record in records))
    require_face(face, faces, name)
    image: Image = shown.copy()
    opened = []
    for number, record in enumerate(records):
        if face in (None, record.place.face):
            lay_back(image, header, number, record, private, name)
            opened.append(record.place.face)
    return Opened(image, tuple(opened), faces, header.when / 1000)


def require_key(header: Header, private: X25519PrivateKey, name: str) -> None:
    """Raises SealedError when the faces are sealed for another key, with both keys' short names."""
    own = key_id(private.public_key())
    if header.key != own:
        raise SealedError(f"'{name}' is sealed for the key {key_words(header.key)}, this is {key_words(own)}: take the private half that "
                          "belongs to it")


def require_face(face: int | None, faces: Sequence[int], name: str) -> None:
    """Raises UsageError for a face that there is not."""
    if face is not None and face not in faces:
        there = f"faces {min(faces)} to {max(faces)}" if len(faces) > 1 else f"only face {faces[0]}" if faces else "no face"
        raise UsageError(f"--face {face}: there {'are' if len(faces) > 1 else 'is'} {there} sealed in '{name}'")


def lay_back(image: Image, header: Header, number: int, record: Record, private: X25519PrivateKey, name: str) -> None:
    """Puts one sealed face's own pixels into a picture. Raises SealedError naming the face."""
    place = record.place
    cut = _unpacked(opened_png(header, number, record, private, name), place)
    if cut is None:
        raise SealedError(f"{_called(header, place, name)} holds no picture of its box: it was not sealed by edge-face")
    there = image[place.y:place.y + place.height, place.x:place.x + place.width]
    cv2.copyTo(np.ascontiguousarray(cut[:, :, :3]), np.ascontiguousarray(cut[:, :, 3]), there)


def opened_png(header: Header, number: int, record: Record, private: X25519PrivateKey, name: str) -> bytes:
    """What was sealed of one face. Whoever has the public key can seal anything: it is not to be believed unseen. Raises SealedError."""
    try:
        return open_base(private, INFO, binding(header, number, record.place), record.sealed)
    except ValueError as error:
        called = _called(header, record.place, name)
        raise SealedError(f"{called} was changed, or comes from another place: its seal does not fit") from error


def _called(header: Header, place: Place, name: str) -> str:
    return f"face {place.face} of '{name}'" + (f" in frame {place.frame}" if header.frames > 1 else "")


def cut_faces(original: Image, hidden: Image, regions: Sequence[Region]) -> list[Cut]:
    """Each region's own pixels, in the regions' order; a region of which nothing was changed has none. Raises ValueError."""
    if original.shape != hidden.shape:
        raise ValueError(f"pictures of {original.shape} and {hidden.shape}: what was hidden must have the size of the original")
    changed: Mask = (original != hidden).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return []
    if not regions:
        raise ValueError("pixels were changed outside of every region")
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    owner = _owners(regions, changed[top:bottom, left:right], left, top)
    found = []
    for i, (down, across) in enumerate(_extents(owner, len(regions))):
        if down.stop > down.start:
            found.append(_cut(original, owner[down, across] == i, i, left + across.start, top + down.start))
    return found


def digest_of(image: Image) -> bytes:
    """What binds sealed faces to a picture's pixels."""
    return pixels_digest(cv2.cvtColor(image, cv2.COLOR_BGR2RGB).tobytes(), image.shape[1], image.shape[0])


def _owners(regions: Sequence[Region], changed: Mask, left: int, top: int) -> npt.NDArray[np.int32]:
    """For each pixel the number of the region whose it is, -1 where nothing was changed; `changed` begins at (left, top)."""
    height, width = changed.shape
    nearest = np.full((height, width), np.inf, np.float32)
    owner = np.full((height, width), -1, np.int32)
    for i, region in enumerate(regions):
        if region.whole:
            continue
        # Only around the shape: a picture with a thousand faces is no work of a thousand pictures.
        x0, y0, x1, y1 = bounds(region.box.grown(_REACH).moved(-left, -top), width, height)
        radius = _radius(region, np.arange(x0, x1) + left, np.arange(y0, y1)[:, None] + top)
        closer = radius < nearest[y0:y1, x0:x1]
        owner[y0:y1, x0:x1][closer] = i
        nearest[y0:y1, x0:x1][closer] = radius[closer]
    whole = next((i for i, region in enumerate(regions) if region.whole), None)
    left_over = changed & (owner < 0)
    if left_over.any():
        rows, columns = np.nonzero(left_over)
        if whole is not None:
            owner[left_over] = whole
        else:
            far = np.stack([_radius(region, columns + left, rows + top) for region in regions])
            owner[rows, columns] = far.argmin(axis=0)
    owner[~changed] = -1
    return owner


def _radius(region: Region, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """1 on the hidden shape's outline, 0 in its middle, for pixels at (x, y)."""
    cx, cy = region.box.centre
    across = np.abs(x + 0.5 - cx) / max(region.box.width / 2, 0.5)
    down = np.abs(y + 0.5 - cy) / max(region.box.height / 2, 0.5)
    radius: npt.NDArray[np.float32] = (np.minimum(across, 1e6) ** POWER + np.minimum(down, 1e6) ** POWER).astype(np.float32)
    return radius


def _extents(owner: npt.NDArray[np.int32], count: int) -> list[tuple[slice, slice]]:
    """Rows and columns that each region's pixels span; empty slices for a region without any."""
    rows, columns = np.nonzero(owner >= 0)
    who = owner[rows, columns]
    first = np.full((2, count), np.iinfo(np.int64).max)
    last = np.full((2, count), -1)
    for axis, where in enumerate((rows, columns)):
        np.minimum.at(first[axis], who, where)
        np.maximum.at(last[axis], who, where)
    return [(slice(int(first[0, i]), int(last[0, i]) + 1), slice(int(first[1, i]), int(last[1, i]) + 1)) if last[0, i] >= 0
            else (slice(0, 0), slice(0, 0)) for i in range(count)]


def _cut(original: Image, own: Mask, region: int, left: int, top: int) -> Cut:
    height, width = own.shape
    patch = np.zeros((height, width, 4), np.uint8)
    patch[own, :3] = original[top:top + height, left:left + width][own]
    patch[own, 3] = 255
    done, png = cv2.imencode(".png", patch)
    if not done:
        raise ValueError("a face cannot be packed")
    return Cut(region, left, top, width, height, png.tobytes())


def _unpacked(png: bytes, place: Place) -> Image | None:
    """(h, w, 4), or None. Its header is looked at first: a small PNG can claim to be huge."""
    try:
        header = read_picture_header(png)
        if header is None or header.kind != "PNG" or (header.width, header.height) != (place.width, place.height):
            return None
        cut = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    except (ValueError, cv2.error):
        return None
    return cut if cut is not None and cut.dtype == np.uint8 and cut.shape == (place.height, place.width, 4) else None


def milliseconds(seconds: float) -> int:
    """A frame's time as it stands in a record."""
    return round(seconds * 1000) if math.isfinite(seconds) and seconds > 0 else 0
