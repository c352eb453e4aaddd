"""The file of a backup: a head in JSON on one line, then sealed pieces, each with its length before it.

    {"format": "edge-face backup", "version": 1, "kdf": {...}}
    <4 bytes length><sealed piece 0: what must be known of the store, as JSON>
    <4 bytes length><sealed piece 1: the first MiB of the database> ...

Each piece is bound to the head, to its number and to whether it is the last one: a file that was cut, or whose pieces
change places, does not open. Nothing of a large store has to fit in the memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from edge_face.errors import PeopleError
from edge_face.people.keys import sync_folder
from edge_face.people.passphrase import check_passphrase, derive_key, new_derivation
from edge_face.people.sealing import SealBrokenError, place, seal, unseal

FORMAT, VERSION = "edge-face backup", 1
PIECE = 1 << 20
_LONGEST_HEAD = 4096
_LARGEST_PIECE = 64 << 20
"""The first piece grows with the marks of the forgotten."""


def check_target(path: Path, replace: bool) -> None:
    """Raises PeopleError for what cannot be written, or not unasked."""
    if not path.name or (path.exists() and not path.is_file()):
        raise PeopleError(f"'{path}' is no file: name one, as door.efb")
    if path.exists() and not replace:
        raise PeopleError(f"{path} exists already: choose another file, or --force")


def write_backup_file(path: Path, facts: dict[str, Any], pieces: Iterable[bytes], passphrase: str, *, replace: bool = False) -> int:
    """Writes a file of mode 0600, wholly or not at all, and over an existing one only with `replace`; its size. Raises
    PeopleError."""
    check_target(path, replace)
    head = json.dumps({"format": FORMAT, "version": VERSION, "kdf": new_derivation()}).encode("ascii")
    key = derive_key(json.loads(head)["kdf"], check_passphrase(passphrase))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(head + b"\n")
                for number, (piece, last) in enumerate(_with_last(_all(facts, pieces))):
                    sealed = seal(key, piece, _where(head, number, last))
                    file.write(len(sealed).to_bytes(4, "big") + sealed)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            # Not a link, as a stick may not have them; somebody else's file of that name in this very moment would be lost.
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, PeopleError):
            raise
        raise PeopleError(f"{path} cannot be written ({error.strerror}): choose another file, or make room") from error
    return size


class BackupReader:
    """A backup that is open: `facts` at once, `pieces()` once. Raises PeopleError for what is no backup, a wrong passphrase,
    any change."""

    def __init__(self, path: Path, passphrase: str) -> None:
        try:
            if path.exists() and not path.is_file():
                raise PeopleError(f"{path} is no file: give the file that 'edge-face store backup' wrote")
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise PeopleError(f"{path} cannot be read ({error.strerror}): give the file that 'edge-face store backup' wrote") from error
        try:
            self._head, derivation = self._read_head()
            self._key = derive_key(derivation, passphrase)
            self._number = 0
            first = self._piece()
            if first is None:
                raise PeopleError("the backup is cut short: use another one")
            self.facts: dict[str, Any] = json.loads(first)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> BackupReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def pieces(self) -> Iterator[bytes]:
        """The database. Only its end proves it whole."""
        while (piece := self._piece()) is not None:
            yield piece

    _ended = False

    def _piece(self) -> bytes | None:
        if self._ended:
            return None
        try:
            length = int.from_bytes(self._file.read(4), "big")
            if not 0 < length <= _LARGEST_PIECE:
                raise PeopleError("the backup is cut short or damaged: use another one")
            sealed = self._file.read(length)
            if len(sealed) != length:
                raise PeopleError("the backup is cut short or damaged: use another one")
            self._ended = not self._file.read(1)
            if not self._ended:
                self._file.seek(-1, os.SEEK_CUR)
        except OSError as error:
            raise PeopleError(f"the backup cannot be read ({error.strerror}): is its disk alive?") from error
        try:
            piece = unseal(self._key, sealed, _where(self._head, self._number, self._ended), "the backup")
        except SealBrokenError as error:
            raise PeopleError("the passphrase is wrong, or the backup was changed or cut short: nothing was restored" if not self._number
                              else "the backup was changed or cut short: nothing was restored") from error
        self._number += 1
        return piece

    def _read_head(self) -> tuple[bytes, Any]:
        head = self._file.readline(_LONGEST_HEAD).rstrip(b"\n")
        try:
            table = json.loads(head)
            if table["format"] != FORMAT:
                raise ValueError("another format")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PeopleError("this is no backup of edge-face: 'edge-face store backup FILE' makes one (an export of people is brought in "
                              "by 'edge-face people import')") from error
        if table.get("version") != VERSION:
            raise PeopleError(f"this backup is of version {table.get('version')}, this edge-face reads version {VERSION}: install the "
                              "edge-face that wrote it, or a newer one")
        return head, table.get("kdf")


def _all(facts: dict[str, Any], pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield json.dumps(facts, allow_nan=False).encode("utf-8")
    yield from pieces


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True


def _where(head: bytes, number: int, last: bool) -> bytes:
    return place("backup", head, number, "last" if last else "more")
