"""Exports: people in one sealed file, under a passphrase. Key by Argon2id (`edge_face.people.passphrase`), contents by AES-256-GCM.

    {"format": "edge-face people", "version": 2, "kdf": {"name": "argon2id", ..., "salt": ...}, "people": ..., "sealed": ...}

The head is bound to the contents as associated data. Version 1 had scrypt, and is still read.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from pathlib import Path
from typing import Any

from edge_face.errors import PeopleError
from edge_face.people.passphrase import check_passphrase, derive_key, new_derivation
from edge_face.people.sealing import SealBrokenError, place, seal, unseal

FORMAT, VERSION = "edge-face people", 2
LARGEST_FILE = 1 << 30


def seal_people(records: list[dict[str, Any]], passphrase: str) -> bytes:
    """The bytes of an export file."""
    head = {"format": FORMAT, "version": VERSION, "people": len(records),
            "kdf": new_derivation()}
    text = json.dumps({"people": records}, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    sealed = seal(derive_key(head["kdf"], check_passphrase(passphrase)), text, _bound(head))
    return json.dumps({**head, "sealed": base64.b64encode(sealed).decode("ascii")}, indent=1).encode("ascii") + b"\n"


def open_people(content: bytes, passphrase: str) -> list[dict[str, Any]]:
    """The records in an export file. Raises PeopleError for what is no export, a wrong passphrase, any change."""
    try:
        table = json.loads(content)
        sealed = base64.b64decode(table.pop("sealed"), validate=True)
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError, binascii.Error) as error:
        raise PeopleError("this is no export of edge-face: 'edge-face people export FILE' makes one") from error
    if table.get("format") != FORMAT:
        raise PeopleError("this is no export of edge-face: 'edge-face people export FILE' makes one")
    if table.get("version") not in (1, VERSION):
        raise PeopleError(f"this export is of version {table.get('version')}, this edge-face reads versions 1 to {VERSION}: install the "
                          "edge-face that wrote it, or a newer one")
    key = derive_key(table.get("kdf"), passphrase)
    try:
        text = unseal(key, sealed, _bound(table), "the export")
    except SealBrokenError as error:
        raise PeopleError("the passphrase is wrong, or the export was changed: nothing was imported") from error
    people = json.loads(text).get("people")
    if not isinstance(people, list):
        raise PeopleError("this export holds no list of people: it was written by another program")
    return people


def write_export(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Writes a file of mode 0600, wholly or not at all, and over an existing one only with `replace`. Raises PeopleError."""
    if not path.name:
        raise PeopleError(f"'{path}' is no file name: name one, as people.efp")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        if path.exists() and not path.is_file():
            # A file moved there would take the device's place, for every program on this machine.
            raise PeopleError(f"{path} is no file: choose another name")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(path)
            else:
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError as error:
        raise PeopleError(f"{path} exists already: choose another file, or --force") from error
    except OSError as error:
        raise PeopleError(f"{path} cannot be written ({error.strerror}): choose another file, or make room") from error


def read_export(path: Path) -> bytes:
    """Raises PeopleError."""
    try:
        if not path.is_file() and path.exists():
            raise PeopleError(f"{path} is no file: give the file that 'edge-face people export' wrote")
        if path.stat().st_size > LARGEST_FILE:
            raise PeopleError(f"{path} is too large for an export")
        return path.read_bytes()
    except OSError as error:
        raise PeopleError(f"{path} cannot be read ({error.strerror}): give the file that 'edge-face people export' wrote") from error


def _bound(head: dict[str, Any]) -> bytes:
    plain = {name: value for name, value in head.items() if name != "sealed"}
    return place("export", json.dumps(plain, sort_keys=True, ensure_ascii=True))
