"""HPKE against the vectors of RFC 9180 (A.1.1, base mode), and against cryptography's own where it has it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from edge_face.privacy.sealed.hpke import open_base, raw, seal_base, setup_receiver, setup_sender

INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
PLAIN = bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479")
EPHEMERAL = X25519PrivateKey.from_private_bytes(bytes.fromhex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"))
RECEIVER = X25519PrivateKey.from_private_bytes(bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"))
ENC = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
SEALED = {0: "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
          1: "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84",
          2: "498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb72516491588d96a19ad4a683518973dcc180",
          4: "583bd32bc67a5994bb8ceaca813d369bca7b2a42408cddef5e22f880b631215a09fc0012bc69fccaa251c0246d",
          255: "7175db9717964058640a3a11fb9007941a5d1757fda1a6935c805c21af32505bf106deefec4a49ac38d71c9e0a",
          256: "957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e0e1aba483a2df9f2"}
EXPORTED = {"": "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee",
            "00": "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5",
            "54657374436f6e74657874": "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"}


def test_the_vectors_of_the_rfc() -> None:
    enc, context = setup_sender(RECEIVER.public_key(), INFO, EPHEMERAL)
    assert enc.hex() == ENC
    assert raw(RECEIVER.public_key()).hex() == "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
    assert context.key.hex() == "4531685d41d65f03dc48f6b8302c05b0" and context.base_nonce.hex() == "56d890e5accaaf011cff4b7d"
    assert context.exporter_secret.hex() == "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8"
    assert setup_receiver(RECEIVER, enc, INFO) == context
    for number, sealed in SEALED.items():
        about = b"Count-%d" % number
        assert context.seal(about, PLAIN, number).hex() == sealed and context.open(about, bytes.fromhex(sealed), number) == PLAIN
    assert {about: context.export(bytes.fromhex(about), 32).hex() for about in EXPORTED} == EXPORTED


def test_every_message_has_a_key_of_its_own_and_opens_for_one_only() -> None:
    public = RECEIVER.public_key()
    one, two = (seal_base(public, b"info", b"aad", PLAIN) for _ in range(2))
    assert one[:32] != two[:32] and one[32:] != two[32:] and len(one) == len(PLAIN) + 48
    assert open_base(RECEIVER, b"info", b"aad", one) == PLAIN == open_base(RECEIVER, b"info", b"aad", two)
    changed = [one[:i] + bytes([one[i] ^ 1]) + one[i + 1:] for i in (0, 33, 60, 76)]
    other = [one[:-1], one[:40], two[:32] + one[32:], bytes(32) + one[32:], *changed]
    for private, info, aad, sealed in [(EPHEMERAL, b"info", b"aad", one), (RECEIVER, b"inf0", b"aad", one),
                                       (RECEIVER, b"info", b"aad2", one), *((RECEIVER, b"info", b"aad", value) for value in other)]:
        with pytest.raises(ValueError):
            open_base(private, info, aad, sealed)


def test_a_key_of_small_order_seals_nothing() -> None:
    with pytest.raises(ValueError):
        seal_base(X25519PublicKey.from_public_bytes(bytes(32)), b"", b"", PLAIN)


def test_cryptographys_own_hpke_opens_ours_and_ours_opens_its() -> None:
    hpke = pytest.importorskip("cryptography.hazmat.primitives.hpke", reason="this cryptography has no HPKE")
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    # It takes no associated data: that is empty.
    assert suite.decrypt(seal_base(RECEIVER.public_key(), b"info", b"", PLAIN), RECEIVER, info=b"info") == PLAIN
    assert open_base(RECEIVER, b"info", b"", suite.encrypt(PLAIN, RECEIVER.public_key(), info=b"info")) == PLAIN
