"""The ring of keys: one for each purpose, opens under its device key only."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from edge_face.errors import StoreError
from edge_face.people.key_ring import fingerprint, fresh_ring, old_ring, open_ring
from edge_face.people.sealing import SealBrokenError, derive, place, seal, tag

KEY, OTHER = bytes(range(32)), bytes(32)


@pytest.mark.parametrize("ring", [old_ring(KEY), fresh_ring()])
def test_keys_for_different_purposes_differ(ring: object) -> None:
    keys = {*astuple(ring), derive(KEY, "seal the ring"), fingerprint(KEY), KEY}  # type: ignore[call-overload]
    assert len(keys) == 10


def test_the_ring_of_an_old_store_is_that_of_version_2() -> None:
    ring = old_ring(KEY)
    assert ring.wrapping == derive(KEY, "wrap data keys") and ring.names == derive(KEY, "index of names")
    assert ring.tombstones == derive(KEY, "tombstones") and ring.events == derive(KEY, "events of nobody")
    assert fingerprint(KEY) == tag(derive(KEY, "fingerprint"), b"")


def test_a_ring_opens_under_its_device_key_only() -> None:
    ring = fresh_ring()
    sealed = ring.sealed(KEY)
    assert open_ring(KEY, sealed) == ring and all(key not in sealed for key in astuple(ring))
    with pytest.raises(SealBrokenError, match="ring"):
        open_ring(OTHER, sealed)
    with pytest.raises(SealBrokenError, match="ring"):
        open_ring(KEY, sealed[:-1] + bytes([sealed[-1] ^ 1]))


@pytest.mark.parametrize("text", [b"{}", b"[]", b'{"wrapping": "zz"}', b"no json"])
def test_a_ring_that_holds_something_else_is_refused(text: bytes) -> None:
    with pytest.raises(SealBrokenError, match="cannot be read"):
        open_ring(KEY, seal(derive(KEY, "seal the ring"), text, place("meta.ring")))


def test_keys_are_not_shown() -> None:
    ring = fresh_ring()
    assert ring.wrapping.hex() not in repr(ring) and str(ring.wrapping) not in repr(ring)


def test_a_wrapped_key_belongs_to_its_person() -> None:
    ring = fresh_ring()
    key, wrapped = ring.new_data_key("a" * 16)
    assert ring.data_key("a" * 16, wrapped) == key
    assert key not in wrapped
    with pytest.raises(SealBrokenError):
        ring.data_key("b" * 16, wrapped)
    with pytest.raises(SealBrokenError):
        fresh_ring().data_key("a" * 16, wrapped)


@pytest.mark.parametrize("make", [old_ring, fingerprint])
def test_a_key_of_another_length_is_refused(make: object) -> None:
    with pytest.raises(StoreError, match="32 bytes"):
        make(b"short")  # type: ignore[operator]
