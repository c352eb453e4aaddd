"""Files that are too large for one answer or request: handed over in pieces, kept in a folder of the store's, gone after a while.

One goes out and one comes in at a time: a page that begins another one drops the one before.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError, UsageError
from edge_face.people.room import LITTLE, free_bytes

PIECE = 2 << 20
"""Bytes of a piece that goes out; in base64 it fits into any answer."""
LARGEST_PIECE = 4 << 20
LARGEST = 2 << 30
"""Bytes of a file that comes in: a store of thousands of people with pictures is smaller."""
PATIENCE = 900.0
"""Seconds after which a file that nobody asks about is dropped."""


@dataclass(slots=True)
class _Parcel:
    id: str
    path: Path
    touched: float


class Parcels:
    """In `folder`, which is made when it is needed, for its owner only; `clear` drops all, also what an earlier run left."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._monotonic = folder, monotonic
        self._guard = threading.Lock()
        self._out: _Parcel | None = None
        self._in: _Parcel | None = None

    def clear(self) -> None:
        """Never raises."""
        with self._guard:
            self._out = self._in = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def make(self, write: Callable[[Path], object]) -> tuple[str, int]:
        """A file to hand out, which `write` makes; its id and size. Raises what `write` raises."""
        with self._guard:
            self._drop(self._out)
            self._out = None
            parcel = self._new()
            try:
                write(parcel.path)
            except BaseException:
                self._drop(parcel)
                raise
            self._out = parcel
            return parcel.id, parcel.path.stat().st_size

    def piece(self, identity: str, at: int) -> tuple[bytes, int | None]:
        """Bytes from there on, and where the next piece begins, None at the end. Raises UsageError, StoreError."""
        with self._guard:
            parcel = self._known(self._out, identity)
            try:
                with parcel.path.open("rb") as file:
                    file.seek(at)
                    piece = file.read(PIECE)
                    more = bool(file.read(1))
            except OSError as error:
                raise StoreError(f"the file cannot be read ({error.strerror}): make it anew") from error
        return piece, at + len(piece) if more else None

    def bring(self, identity: str | None, at: int, piece: bytes) -> str:
        """Adds a piece to the file that comes in, at its end; without an id a new file begins. Raises UsageError, StoreError."""
        if len(piece) > LARGEST_PIECE:
            raise UsageError(f"a piece has at most {LARGEST_PIECE} bytes")
        with self._guard:
            if identity is None:
                if at != 0:
                    raise UsageError("a file begins at 0")
                self._drop(self._in)
                self._in = self._new()
            parcel = self._in if identity is None else self._known(self._in, identity)
            assert parcel is not None
            size = parcel.path.stat().st_size if parcel.path.exists() else 0
            if at != size:
                raise UsageError(f"the next piece begins at {size}")
            if size + len(piece) > LARGEST:
                raise UsageError(f"a file has at most {LARGEST >> 20} MB")
            if free_bytes(self._folder) < len(piece) + LITTLE:
                self._drop(parcel)
                self._in = None
                raise StoreError("the disk of the door is too full for this file: make room, or restore it on the device with "
                                 "'edge-face store restore'")
            try:
                with open(parcel.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                    file.write(piece)
            except OSError as error:
                raise StoreError(f"the file cannot be written ({error.strerror}): make room on the door's disk; nothing was "
                                 "changed") from error
            return parcel.id

    def brought(self, identity: str) -> Path:
        """Where the file lies that came in. Raises UsageError."""
        with self._guard:
            return self._known(self._in, identity).path

    def drop_out(self, identity: str) -> None:
        """It was fetched."""
        with self._guard:
            if self._out is not None and self._out.id == identity:
                self._drop(self._out)
                self._out = None

    def _new(self) -> _Parcel:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be made ({error.strerror}): make room on the door's disk") from error
        identity = secrets.token_hex(16)
        return _Parcel(identity, self._folder / identity, self._monotonic())

    def _known(self, parcel: _Parcel | None, identity: str) -> _Parcel:
        now = self._monotonic()
        if parcel is None or not secrets.compare_digest(parcel.id.encode(), identity.encode("utf-8", "replace")) \
                or now - parcel.touched > PATIENCE:
            raise UsageError("this file is not here any more: begin anew")
        parcel.touched = now
        return parcel

    @staticmethod
    def _drop(parcel: _Parcel | None) -> None:
        if parcel is not None:
            with contextlib.suppress(OSError):
                parcel.path.unlink(missing_ok=True)
