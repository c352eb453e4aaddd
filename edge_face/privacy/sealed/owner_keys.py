"""The owner's pair of keys (X25519): the public half is laid on the door, the private half stays with the owner.

Both are PEM (RFC 7468, RFC 8410), so that OpenSSL makes and reads them too (`openssl genpkey -algorithm X25519`). With a passphrase the
private half is sealed under a key made of it by Argon2id, as backups are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from edge_face.errors import MissingExtraError, PeopleError, SealedError, UsageError
from edge_face.media.paths import reason, shown
from edge_face.people.passphrase import check_passphrase, derive_key, new_derivation
from edge_face.people.sealing import SealBrokenError, place, seal, unseal
from edge_face.privacy.sealed.hpke import X25519PrivateKey, X25519PublicKey, raw

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )
except ImportError as error:
    raise MissingExtraError("cryptography", "pi", apt="python3-cryptography") from error

FORMAT, VERSION = "edge-face owner key", 1
_LONGEST = 1 << 16
_MAKE = "'edge-face seal --new-key owner.key' makes a pair"


def key_id(public: X25519PublicKey) -> bytes:
    """Eight bytes by which a key is told from others; says nothing about it that its public half does not."""
    return hashlib.sha256(raw(public)).digest()[:8]


def make_keys(path: str | os.PathLike[str], passphrase: str | None = None) -> tuple[Path, X25519PublicKey]:
    """Writes a new private half to `path` (mode 0600) and the public half beside it as `.pub`; its path and itself. Never over a file that
    is there: a key that is gone opens nothing any more. Raises SealedError, UsageError."""
    file = Path(path)
    public_file = file.with_suffix(".pub")
    if not file.name or file.suffix == ".pub":
        raise UsageError(f"'{shown(path)}' is to hold the private half: name it owner.key, the public half becomes owner.pub")
    private = X25519PrivateKey.generate()
    for target in (file, public_file):
        if os.path.lexists(target):
            raise SealedError(f"'{shown(target)}' exists already, and what is sealed for a key that is gone stays shut: name another file")
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(file, _private_text(private, passphrase), 0o600)
    try:
        _write(public_file, public, 0o644)
    except SealedError:
        file.unlink(missing_ok=True)
        raise
    return public_file, private.public_key()


def read_public_key(path: str | os.PathLike[str]) -> X25519PublicKey:
    """The public half. Raises SealedError: missing, no key, the private half, a key of another kind."""
    data, name = _read(path, "public"), shown(path)
    if b"PRIVATE KEY" in data or _is_ours(data):
        raise SealedError(f"'{name}' is the private half of a key, which stays with the owner: give the public half, owner.pub")
    try:
        key: Any = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SealedError(f"'{name}' is no public key that can be read: {_MAKE}, owner.pub is the public half") from error
    if not isinstance(key, X25519PublicKey):
        raise SealedError(f"'{name}' is {_kind(key)} key, faces are sealed for X25519 keys only: {_MAKE}")
    try:
        # A point of small order would make a secret that everybody knows.
        X25519PrivateKey.generate().exchange(key)
    except ValueError as error:
        raise SealedError(f"'{name}' is no key that keeps anything secret: {_MAKE}") from error
    return key


def needs_passphrase(path: str | os.PathLike[str]) -> bool:
    """Is the private half in this file sealed under a passphrase? Raises SealedError when it cannot be read."""
    data = _read(path, "private")
    return _is_ours(data) or b"ENCRYPTED" in data


def read_private_key(path: str | os.PathLike[str], passphrase: str | None = None) -> X25519PrivateKey:
    """The private half. Raises SealedError: missing, no key, the public half, a key of another kind, a wrong passphrase."""
    data, name = _read(path, "private"), shown(path)
    if b"PUBLIC KEY" in data:
        raise SealedError(f"'{name}' is the public half of a key, which seals and cannot open: give the private half, owner.key")
    if _is_ours(data):
        return _opened(data, name, passphrase)
    secret = passphrase.encode("utf-8", "surrogatepass") if passphrase is not None and b"ENCRYPTED" in data else None
    try:
        key: Any = load_pem_private_key(data, secret)
    except TypeError as error:  # sealed, and no passphrase was given
        raise SealedError(f"the private key '{name}' is sealed under a passphrase: give it") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealedError(f"the passphrase of '{name}' is wrong, or the file was damaged" if secret is not None else
                          f"'{name}' is no private key that can be read: give the owner.key that belongs to the owner.pub") from error
    if not isinstance(key, X25519PrivateKey):
        raise SealedError(f"'{name}' is {_kind(key)} key, faces are sealed for X25519 keys only: give the owner.key that belongs to the "
                          "owner.pub")
    return key


def _private_text(private: X25519PrivateKey, passphrase: str | None) -> bytes:
    if passphrase is None:
        return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "public": raw(private.public_key()).hex(), "kdf": new_derivation()}
    secret = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    sealed = seal(derive_key(head["kdf"], check_passphrase(passphrase)), secret, _where(head))
    return json.dumps({**head, "sealed": base64.b64encode(sealed).decode("ascii")}).encode("ascii") + b"\n"


def _opened(data: bytes, name: str, passphrase: str | None) -> X25519PrivateKey:
    if passphrase is None:
        raise SealedError(f"the private key '{name}' is sealed under a passphrase: give it")
    table = json.loads(data)
    if table.get("version") != VERSION:
        raise SealedError(f"the private key '{name}' is of version {table.get('version')}, this edge-face reads version {VERSION}: install "
                          "a newer one")
    try:
        sealed = base64.b64decode(table.pop("sealed"), validate=True)
        key = X25519PrivateKey.from_private_bytes(unseal(derive_key(table["kdf"], passphrase), sealed, _where(table), f"the key '{name}'"))
    except SealBrokenError as error:
        raise SealedError(f"the passphrase of '{name}' is wrong, or the file was changed") from error
    except (PeopleError, KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise SealedError(f"the private key '{name}' was changed or damaged: take the copy that you keep elsewhere") from error
    return key


def _where(head: dict[str, Any]) -> bytes:
    return place("owner key", json.dumps(head, sort_keys=True))


def _is_ours(data: bytes) -> bool:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(table, dict) and table.get("format") == FORMAT


def _read(path: str | os.PathLike[str], half: str) -> bytes:
    name = shown(path)
    try:
        if not Path(path).is_file():
            raise SealedError(f"'{name}' is no file: give the {half} half of the owner's key" if Path(path).exists() else
                              f"there is no key '{name}': {_MAKE}")
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        raise SealedError(f"the key '{name}' cannot be read: {reason(error) if isinstance(error, OSError) else error}") from None
    if not data.strip() or len(data) > _LONGEST:
        raise SealedError(f"'{name}' is {'empty' if not data.strip() else 'no key'}: give the {half} half of the owner's key")
    return data


def _kind(key: Any) -> str:
    """A key's kind in words: "an Ed25519", "a RSA"."""
    word = type(key).__name__.removeprefix("_").removesuffix("PublicKey").removesuffix("PrivateKey")
    word = {"EC": "elliptic curve", "EllipticCurve": "elliptic curve"}.get(word, word)
    return f"an {word}" if word[0] in "AEIOXaeio" or word == "RSA" else f"a {word}"


def _write(path: Path, data: bytes, mode: int) -> None:
    """A new file, never another one's place; nothing is left of one that could not be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SealedError(f"'{shown(path)}' cannot be written: {reason(error)}") from None
