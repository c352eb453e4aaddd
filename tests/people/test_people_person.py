"""Names and templates as they may be."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import BOTH, MODEL, ONLY_RECOGNISE, template, unit

from edge_face.errors import PeopleError
from edge_face.people import Consent, Person, State, Template
from edge_face.people.person import LONGEST_NAME, clean_name, is_id, name_key, new_id


@pytest.mark.parametrize("name", ["Ben", "Ana María", "佐藤 花子", "محمد", "Łukasz O'Neill-Żak", "नेहा", "👩🏽 Ada", "X Æ A-12", "Dr. Who"])
def test_any_script_is_a_name(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(("given_", "kept"), [
    ("  Ben ", "Ben"), ("Ana  B", "Ana B"), ("Zoe\u0308", "Zoë"), ("ﬁ", "ﬁ"), ("a\u00a0b", "a b")])
def test_a_name_is_trimmed_and_composed(given_: str, kept: str) -> None:
    assert clean_name(given_) == kept


@pytest.mark.parametrize("name", ["", "   ", "\n", "a\nb", "a\tb", "a\x00b", "\x7f", "\u202eneB", "a\u2028b", "\ud800", "../../etc", "a/b",
                                  "a\\b", "..", ". .", "\ue000", "\u200d", "0123456789abcdef", "-rf", " --yes", "-",
                                  "x" * (LONGEST_NAME + 1)])
def test_what_cannot_be_a_name_says_why(name: str) -> None:
    with pytest.raises(PeopleError) as caught:
        clean_name(name)
    text = str(caught.value)
    assert "name" in text and "\n" not in text
    text.encode("utf-8")


@given(st.text(max_size=120))
def test_a_clean_name_stays_as_it_is(name: str) -> None:
    try:
        kept = clean_name(name)
    except PeopleError:
        return
    assert clean_name(kept) == kept
    assert 1 <= len(kept) <= LONGEST_NAME
    assert kept == kept.strip() and unicodedata.is_normalized("NFC", kept)
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in kept)
    assert not is_id(kept)


@pytest.mark.parametrize(("one", "other"), [
    ("BEN", "ben"), ("straße", "STRASSE"), ("ﬁona", "Fiona"), ("ÉMILE", "émile"), ("\uff21na", "ana")])
def test_names_are_compared_without_case_and_width(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_different_names_are_different() -> None:
    assert name_key("Ben") != name_key("Bén")


def test_ids_are_random_and_look_like_ids() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_id(i) for i in ids)
    assert not is_id("ben") and not is_id("0123456789ABCDEF")


@pytest.mark.parametrize("vector", [np.zeros(4), np.full(4, np.nan), np.array([1.0, np.inf]), np.ones((2, 2)), np.array([]), 2 * unit(1)])
def test_a_template_is_a_unit_vector(vector: np.ndarray) -> None:
    with pytest.raises(PeopleError):
        Template(vector.astype(np.float32), MODEL)


def test_a_template_keeps_its_own_copy_and_is_never_printed() -> None:
    source = unit(1)
    kept = Template(source, MODEL)
    source[:] = 0
    assert np.linalg.norm(kept.embedding) == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        kept.embedding[0] = 1.0
    assert "embedding" not in repr(kept)


@pytest.mark.parametrize(("state", "consent", "recognised", "shown"), [
    (State.ACTIVE, BOTH, True, True), (State.ACTIVE, ONLY_RECOGNISE, True, False), (State.ACTIVE, Consent(), False, False),
    (State.SUSPENDED, BOTH, False, False), (State.PENDING, BOTH, False, False),
    (State.ACTIVE, Consent(None, BOTH.show), False, False)])
def test_who_is_recognised_and_shown(state: State, consent: Consent, recognised: bool, shown: bool) -> None:
    person = Person("0" * 16, "Ben", state, consent, 0.0, (template(1),))
    assert (person.recognisable, person.shown) == (recognised, shown)
