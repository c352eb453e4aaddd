"""Sealing: opens only unchanged, in its place, under its key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.people.sealing import SealBrokenError, place, seal, unseal

KEY, OTHER = bytes(range(32)), bytes(32)
PART = st.none() | st.text(max_size=8) | st.binary(max_size=8) | st.floats(allow_nan=False)


@given(st.binary(max_size=200), st.lists(PART, max_size=4))
def test_what_is_sealed_opens_again(value: bytes, where: list[object]) -> None:
    at = place(*where)  # type: ignore[arg-type]
    sealed = seal(KEY, value, at)
    assert unseal(KEY, sealed, at, "it") == value
    assert len(value) < 8 or value not in sealed


@given(st.binary(max_size=64), st.data())
def test_any_changed_bit_is_refused(value: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, value, place("x")))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError, match="the record"):
        unseal(KEY, bytes(sealed), place("x"), "the record")


@given(st.binary(max_size=40))
def test_what_was_never_sealed_is_refused(noise: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(KEY, noise, place("x"), "noise")


def test_place_and_key_are_bound_in() -> None:
    sealed = seal(KEY, b"value", place("person.record", "a"))
    for key, where in ((OTHER, place("person.record", "a")), (KEY, place("person.record", "b")), (KEY, place("template.sealed", "a"))):
        with pytest.raises(SealBrokenError):
            unseal(key, sealed, where, "it")


@given(st.lists(PART, max_size=4), st.lists(PART, max_size=4))
def test_different_places_read_differently(one: list[object], other: list[object]) -> None:
    same = [type(a) for a in one] == [type(b) for b in other] and all(
        a == b and str(a) == str(b) for a, b in zip(one, other, strict=True)) if len(one) == len(other) else False
    assert (place(*one) == place(*other)) == same  # type: ignore[arg-type]


def test_the_same_value_is_never_sealed_alike() -> None:
    assert len({seal(KEY, b"value", b"") for _ in range(50)}) == 50
