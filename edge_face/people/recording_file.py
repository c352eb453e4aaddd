"""The file of one recording: a picture, a film, sealed originals; each part sealed by itself, so that one can be read without the rest.

    EFREC 0 0 1 | length of the index (4 bytes, big endian) | index, sealed | part, sealed | part, sealed | ...

The key is the file's own. The index (JSON) says what the parts are, when, and how long; every part is bound to the number of the
event and its place, so that nothing can be swapped, left out or brought over from another file.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_face.errors import StoreError, UnknownError
from edge_face.people.database_errors import refused
from edge_face.people.keys import sync_folder
from edge_face.people.ownership import like
from edge_face.people.sealing import KEY_BYTES, SealBrokenError, place, seal, unseal

MAGIC = b"EFREC\x00\x00\x01"
LONGEST_INDEX = 1 << 20
SUFFIX, DRAFT = ".rec", ".part"
PICTURE, FRAME, ORIGINAL = "picture", "frame", "original"


@dataclass(frozen=True, slots=True)
class Part:
    """`at`: seconds from the event, negative before it."""

    what: str
    at: float
    # Never in a log, not even by accident.
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is written and that no row of the store names yet. `shown`: ids of everybody who stands sharp in it; `sealed`: of whom
    the door knew among the hidden faces that are kept sealed."""

    path: Path
    key: bytes = field(repr=False)
    number: int
    wall: float
    size: int
    frames: int
    original: bool
    shown: frozenset[str]
    sealed: frozenset[str] = frozenset()


def file_of(folder: Path, number: int) -> Path:
    """Where the recording of that event lies."""
    return folder / f"{number}{SUFFIX}"


def write_draft(folder: Path, number: int, wall: float, parts: Sequence[Part], shown: frozenset[str],
                sealed_people: frozenset[str] = frozenset()) -> Draft:
    """Writes a recording of the event `number`, on the disk when this returns. Raises StoreError."""
    key = secrets.token_bytes(KEY_BYTES)
    sealed = [seal(key, part.content, _part_place(number, at)) for at, part in enumerate(parts)]
    places = [[part.what, round(part.at, 3), len(body)] for part, body in zip(parts, sealed, strict=True)]
    text = json.dumps({"wall": wall, "parts": places}, allow_nan=False, separators=(",", ":")).encode("ascii")
    index = seal(key, text, place("recording.index", number))
    path = folder / f".{number}.{secrets.token_hex(6)}{DRAFT}"
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            sync_folder(folder.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            like(folder.parent, file.fileno())
            for piece in (MAGIC, len(index).to_bytes(4, "big"), index, *sealed):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise refused(error, f"no picture can be kept in {folder} ({error.strerror}): make room, or mount the disk for writing") from error
    frames = sum(part.what == FRAME for part in parts)
    return Draft(path, key, number, wall, len(MAGIC) + 4 + len(index) + sum(map(len, sealed)), frames,
                 any(part.what == ORIGINAL for part in parts), shown, sealed_people)


class RecordingFile:
    """A recording, opened with its key. May be read in any thread. Raises UnknownError when it is not there (any more), SealBrokenError
    for one that was changed."""

    def __init__(self, path: Path, key: bytes, number: int) -> None:
        self._path, self._key, self._number = path, key, number
        self._parts: list[tuple[str, float, int, int]] = []
        """What, when, where in the file, how long."""
        with self._reading() as file:
            head = file.read(len(MAGIC) + 4)
            length = int.from_bytes(head[len(MAGIC):], "big")
            if head[:len(MAGIC)] != MAGIC or not 0 < length <= LONGEST_INDEX:
                raise self._broken()
            text = self._unsealed(file.read(length), place("recording.index", number))
        try:
            index: dict[str, Any] = json.loads(text)
            self.wall = float(index["wall"])
            begin = len(MAGIC) + 4 + length
            for what, at, size in index["parts"]:
                self._parts.append((str(what), float(at), begin, int(size)))
                begin += int(size)
        except (KeyError, ValueError, TypeError) as error:
            raise self._broken() from error

    @property
    def times(self) -> list[float]:
        """Of the film's pictures, in seconds from the event; empty without a film."""
        return [at for what, at, _, _ in self._parts if what == FRAME]

    def picture(self) -> bytes:
        """A JPEG in which everybody is hidden who did not agree to be seen."""
        return self._read(PICTURE, 0)

    def frame(self, index: int) -> bytes:
        """Picture `index` of the film, likewise. Raises UnknownError beyond its end."""
        return self._read(FRAME, index)

    def original(self) -> bytes | None:
        """The hidden faces of `picture`, sealed for the owner's key (docs/sealed-regions.md); None where they were not kept."""
        return self._read(ORIGINAL, 0) if any(what == ORIGINAL for what, _, _, _ in self._parts) else None

    def check(self) -> int:
        """Opens every seal; how many there are. Raises SealBrokenError for one that does not open."""
        for at, (_, _, begin, size) in enumerate(self._parts):
            self._part(at, begin, size)
        return len(self._parts) + 1

    def _read(self, kind: str, index: int) -> bytes:
        places = [at for at, part in enumerate(self._parts) if part[0] == kind]
        if not 0 <= index < len(places):
            raise UnknownError(f"the recording of event {self._number} has no such picture")
        _, _, begin, size = self._parts[places[index]]
        return self._part(places[index], begin, size)

    def _part(self, at: int, begin: int, size: int) -> bytes:
        with self._reading() as file:
            file.seek(begin)
            return self._unsealed(file.read(size), _part_place(self._number, at))

    @contextlib.contextmanager
    def _reading(self) -> Any:
        try:
            with self._path.open("rb") as file:
                yield file
        except FileNotFoundError as error:
            raise UnknownError(f"there is no picture of event {self._number} any more") from error
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read ({error.strerror}): run this as the user who owns it, or with sudo") from error

    def _unsealed(self, sealed: bytes, where: bytes) -> bytes:
        try:
            return unseal(self._key, sealed, where, "")
        except SealBrokenError as error:
            raise self._broken() from error

    def _broken(self) -> SealBrokenError:
        return SealBrokenError(f"the recording of event {self._number} was changed or damaged outside edge-face: it cannot be shown, and "
                               "goes when its time is over")


def _part_place(number: int, at: int) -> bytes:
    return place("recording.part", number, at)
