"""The form of the settings: every key has its place, and what is typed arrives as the file would have it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from edge_face.kiosk.forms import Form
from edge_face.kiosk.settings_form import MASKS, Entry, closed_of, entries, read, sections
from edge_face.settings import Settings, section_names
from edge_face.settings_overlay import is_open

TABLE = dataclasses.asdict(Settings())
CLOSED = [f"{section}.{key}" for section, keys in TABLE.items() for key in keys if not is_open(f"{section}.{key}")]


def shown(section: str, **changed: Any) -> list[Entry]:
    return entries(section, {**TABLE[section], **changed}, CLOSED, [])


def filled(section: str, **typed: str) -> Form:
    """The form as a browser sends it when only these fields were touched."""
    values: dict[str, list[str]] = {}
    for entry in shown(section):
        if entry.kind == "flag":
            values[f"{entry.key}?"] = ["1"]
            if entry.value:
                values[entry.key] = ["1"]
        else:
            values[entry.key] = [entry.text]
    return Form(values | {f"{section}.{name}": [text] for name, text in typed.items()})


@pytest.mark.parametrize("section", section_names())
def test_every_key_is_in_the_form_or_among_the_closed_or_drawn(section: str) -> None:
    found = {entry.key for entry in shown(section)} | {f"{section}.{name}" for name, _ in closed_of(section, TABLE[section], CLOSED)}
    missing = {f"{section}.{key}" for key in TABLE[section]} - found
    assert missing <= {MASKS}


@pytest.mark.parametrize("section", section_names())
def test_a_form_that_nobody_touched_changes_nothing(section: str) -> None:
    assert read(filled(section), shown(section)) == {}


def test_a_number_with_many_digits_is_sent_back_as_it_was() -> None:
    found = shown("decision", dwell=0.12345678901, window=1e-7)
    form = Form({entry.key: [entry.text] for entry in found})
    assert read(form, found) == {}


def test_what_is_typed_has_the_type_of_its_key() -> None:
    changes = read(filled("decision", votes="4", dwell="0,5", assurance="face"), shown("decision"))
    assert changes == {"decision.votes": 4, "decision.dwell": 0.5, "decision.assurance": "face"}
    assert isinstance(changes["decision.votes"], int)


def test_a_choice_of_numbers_is_a_number() -> None:
    assert read(filled("camera", rotate="180"), shown("camera")) == {"camera.rotate": 180}


def test_a_list_is_one_a_line() -> None:
    assert read(filled("liveness", actions="left\r\n\n up "), shown("liveness")) == {"liveness.actions": ["left", "up"]}


def test_a_tick_that_is_taken_away_is_a_change() -> None:
    form = filled("kiosk")
    values = {name: value for name, value in form.values.items() if name != "kiosk.greeting"}
    assert read(Form(values), shown("kiosk")) == {"kiosk.greeting": False}


def test_keys_that_an_old_tab_does_not_have_stay() -> None:
    assert read(Form({}), shown("kiosk")) == {} and read(Form({"decision.votes": ["5"]}), shown("decision")) == {"decision.votes": 5}


def test_what_cannot_be_read_is_handed_on_so_that_the_checks_say_why() -> None:
    assert read(filled("decision", votes="many"), shown("decision")) == {"decision.votes": "many"}


def test_a_closed_key_is_never_read() -> None:
    assert read(Form({"hooks.command": ["rm"], "door.pins": ["lgpio"]}), shown("hooks") + shown("door")) == {}


def test_sections_say_what_they_are_about() -> None:
    assert [name for name, _ in sections()] == list(section_names()) and all(about for _, about in sections())
