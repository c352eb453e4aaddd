"""The owner's keys: made once, read from whatever people have, wrong kinds named."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_face.errors import SealedError, UsageError
from edge_face.privacy.sealed import key_id, make_keys, read_private_key, read_public_key

OWNER = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_new_pair_is_for_its_owner_only_and_never_replaces_one(tmp_path: Path) -> None:
    public_file, public = make_keys(tmp_path / "owner.key")
    assert public_file == tmp_path / "owner.pub" and (tmp_path / "owner.key").stat().st_mode & 0o777 == 0o600
    assert key_id(read_public_key(public_file)) == key_id(public) == key_id(read_private_key(tmp_path / "owner.key").public_key())
    before = (tmp_path / "owner.key").read_bytes()
    with pytest.raises(SealedError, match="exists already"):
        make_keys(tmp_path / "owner.key")
    (tmp_path / "owner.key").unlink()
    with pytest.raises(SealedError, match=r"owner.pub' exists already"):
        make_keys(tmp_path / "owner.key")
    assert not (tmp_path / "owner.key").exists() and b"PRIVATE" in before
    for name in ("owner.pub", "no/owner.key"):
        with pytest.raises((SealedError, UsageError)):
            make_keys(tmp_path / name)


def test_a_private_half_under_a_passphrase(tmp_path: Path) -> None:
    _, public = make_keys(tmp_path / "o.key", "correct horse battery")
    assert b"PRIVATE" not in (tmp_path / "o.key").read_bytes()
    assert key_id(read_private_key(tmp_path / "o.key", "correct horse battery").public_key()) == key_id(public)
    with pytest.raises(SealedError, match=r"the passphrase of .* is wrong"):
        read_private_key(tmp_path / "o.key", "correct horse batterz")
    with pytest.raises(SealedError, match="sealed under a passphrase"):
        read_private_key(tmp_path / "o.key")
    (tmp_path / "o.key").write_bytes((tmp_path / "o.key").read_bytes().replace(b'"sealed": "', b'"sealed": "A'))
    with pytest.raises(SealedError):
        read_private_key(tmp_path / "o.key", "correct horse battery")
    with pytest.raises(UsageError, match="at least 8"):
        make_keys(tmp_path / "p.key", "short")
    assert not (tmp_path / "p.key").exists()


def pem(key: object, public: bool = False, secret: bytes | None = None) -> bytes:
    if public:
        return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore
    how = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)  # type: ignore[attr-defined, no-any-return]


def test_keys_of_openssl_are_read(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(pem(OWNER, secret=b"a passphrase"))
    (tmp_path / "p").write_bytes(pem(OWNER, public=True))
    assert key_id(read_private_key(tmp_path / "k", "a passphrase").public_key()) == key_id(read_public_key(tmp_path / "p"))
    with pytest.raises(SealedError, match="is wrong"):
        read_private_key(tmp_path / "k", "another one")
    with pytest.raises(SealedError, match="sealed under a passphrase"):
        read_private_key(tmp_path / "k")


def test_keys_of_the_wrong_kind_are_named(tmp_path: Path) -> None:
    make_keys(tmp_path / "o.key", "correct horse battery")
    (tmp_path / "folder").mkdir()
    kinds = {"rsa": rsa.generate_private_key(65537, 2048), "ed": ed25519.Ed25519PrivateKey.generate(),
             "ec": ec.generate_private_key(ec.SECP256R1())}
    words = {"rsa": "is an RSA key", "ed": "is an Ed25519 key", "ec": "is an elliptic curve key"}
    for name, key in kinds.items():
        (tmp_path / name).write_bytes(pem(key))
        (tmp_path / f"{name}.pub").write_bytes(pem(key, public=True))
        with pytest.raises(SealedError, match=words[name]):
            read_private_key(tmp_path / name)
        with pytest.raises(SealedError, match=words[name]):
            read_public_key(tmp_path / f"{name}.pub")
    (tmp_path / "mine").write_bytes(pem(OWNER))
    for name in ("mine", "o.key", "rsa"):
        with pytest.raises(SealedError, match="is the private half"):
            read_public_key(tmp_path / name)
    with pytest.raises(SealedError, match="is the public half"):
        read_private_key(tmp_path / "o.pub")
    nothing = b"MCowBQYDK2VuAyEA" + b"A" * 43 + b"=\n"
    (tmp_path / "zero.pub").write_bytes(b"-----BEGIN PUBLIC KEY-----\n" + nothing + b"-----END PUBLIC KEY-----\n")
    (tmp_path / "empty").touch()
    (tmp_path / "words").write_text("dear diary\n" * 9)
    (tmp_path / "json").write_text("[" * 100_000)
    (tmp_path / "long").write_bytes(b"k" * 100_000)
    (tmp_path / "bytes").write_bytes(bytes(range(256)))
    (tmp_path / "ssh.pub").write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake me@here\n")
    for name in ("zero.pub", "empty", "words", "json", "long", "bytes", "ssh.pub", "missing", "folder", "a\0b"):
        for read in (read_public_key, read_private_key):
            with pytest.raises(SealedError) as told:
                read(tmp_path / name)
            assert "\n" not in str(told.value) and len(str(told.value)) < 400
