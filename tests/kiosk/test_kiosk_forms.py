"""What forms bring: texts as typed, numbers in both spellings, and nothing that no page of ours can have sent."""

from __future__ import annotations

import pytest

from edge_face.errors import UsageError
from edge_face.kiosk.forms import Form


def test_a_text_loses_its_margins_and_a_passphrase_does_not() -> None:
    form = Form({"name": ["  Ben "], "passphrase": [" two words "]})
    assert form.text("name") == "Ben" and form.whole("passphrase") == " two words "
    assert form.text("missing") == "" and form.text("missing", "x") == "x"


def test_the_last_of_several_counts_and_many_has_all() -> None:
    form = Form({"a": ["1", "2"], "empty": [" ", ""]})
    assert form.text("a") == "2" and form.many("a") == ["1", "2"] and form.many("empty") == []


@pytest.mark.parametrize(("typed", "meant"), [("2.5", 2.5), ("2,5", 2.5), (" 3 ", 3.0), ("1e-4", 1e-4), ("", None), ("-1", -1.0)])
def test_numbers(typed: str, meant: float | None) -> None:
    assert Form({"n": [typed]}).number("n", "pulse") == meant


@pytest.mark.parametrize("typed", ["two", "1.2.3", "nan", "inf", "0x10", "1 000"])
def test_what_is_no_number_is_said(typed: str) -> None:
    with pytest.raises(UsageError, match="pulse"):
        Form({"n": [typed]}).number("n", "pulse")


def test_whole_numbers() -> None:
    assert Form({"n": ["6"]}).integer("n", "digits") == 6
    with pytest.raises(UsageError, match="whole"):
        Form({"n": ["6.5"]}).integer("n", "digits")


def test_a_tick_is_there_or_not() -> None:
    assert Form({"sure": ["1"]}).ticked("sure")
    assert not Form({"sure": [""]}).ticked("sure") and not Form({}).ticked("sure")


def test_a_choice_is_one_of_those_that_the_page_has() -> None:
    assert Form({"to": ["active"]}).choice("to", ("active", "suspended")) == "active"
    with pytest.raises(UsageError):
        Form({"to": ["erased"]}).choice("to", ("active", "suspended"))


def test_our_own_sentences_keep_their_language() -> None:
    from edge_face.kiosk.acting import wrong_of
    from edge_face.kiosk.words import Words

    with pytest.raises(UsageError) as caught:
        Form({"n": ["two"]}).number("n", "pulse")
    shown = wrong_of(caught.value)
    assert isinstance(shown, Words) and shown.values == {"what": "pulse", "text": "two"} and shown == "pulse: 'two' is not a number"
    assert not isinstance(wrong_of(UsageError("of the daemon")), Words)
