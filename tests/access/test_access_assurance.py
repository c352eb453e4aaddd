"""Which level of assurance holds for whom, and when; and what each level says of a face, a code and a card."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import pytest
from policy_door import MONDAY

from edge_face.access import Calendar, Rights, Window
from edge_face.access.assurance import LEVELS, Use, door_level, level_for, level_named, table
from edge_face.settings import ASSURANCES

DAILY = frozenset(range(7))
NIGHT = Calendar("UTC", assurance={"face+code": (Window(DAILY, 20 * 60, 6 * 60),), "code": (Window(DAILY, 22 * 60, 23 * 60),)})
LUNCH = Calendar("UTC", assurance={"face": (Window(DAILY, 12 * 60, 13 * 60),)})


def at(hour: float) -> float:
    return MONDAY + hour * 3600


def test_levels_are_those_of_the_settings_from_the_easiest_to_the_strictest() -> None:
    assert tuple(LEVELS) == ASSURANCES and all(level.name == name for name, level in LEVELS.items())


def test_every_level_lets_somebody_in_somehow_and_none_asks_for_what_it_refuses() -> None:
    for level in LEVELS.values():
        assert level.faces or Use.OPENS in (level.code, level.card)
        assert level.use(level.second) is not Use.NOTHING


def test_a_code_is_no_easier_to_replace_than_the_level_says() -> None:
    assert LEVELS["face+code"].use("card") is Use.NOTHING and LEVELS["code"].use("card") is Use.NOTHING
    assert LEVELS["face+card"].use("pin") is Use.CLAIMS and LEVELS["face+code"].use("totp") is Use.CLAIMS
    assert [name for name, level in LEVELS.items() if level.face is not Use.NOTHING] == ["face", "face+challenge"]


@pytest.mark.parametrize(("name", "level"), [("", "face+code"), ("face", "face"), ("nonsense", "face+code"), ("FACE", "face+code")])
def test_a_word_that_is_no_level_is_the_strictest(name: str, level: str) -> None:
    assert level_named(name).name == level


@pytest.mark.parametrize(("hour", "level"), [(19.99, "face+challenge"), (20.0, "face+code"), (22.5, "face+code"), (3.0, "face+code"),
                                              (6.0, "face+challenge")])
def test_the_strictest_window_of_now_counts_else_the_door(hour: float, level: str) -> None:
    assert door_level("face+challenge", NIGHT, at(hour), True).name == level


def test_a_window_may_make_it_easier_but_not_on_a_holiday() -> None:
    assert door_level("face+code", LUNCH, at(12.5), True).name == "face"
    holiday = Calendar("UTC", holidays={datetime.date(2026, 1, 5): ""}, assurance=LUNCH.assurance)
    assert door_level("face+code", holiday, at(12.5), True).name == "face+code"
    stricter = Calendar("UTC", holidays={datetime.date(2026, 1, 5): ""}, assurance=NIGHT.assurance)
    assert door_level("face", stricter, at(21), True).name == "face+code"


@pytest.mark.parametrize("calendar", [NIGHT, Calendar("No/Where", assurance=NIGHT.assurance)])
@pytest.mark.parametrize("wall", [at(12), math.nan, 1e300])
def test_without_a_time_that_can_be_believed_the_strictest_of_all_counts(calendar: Calendar, wall: float) -> None:
    assert door_level("face", calendar, wall, False).name == "face+code"
    assert door_level("face+code", LUNCH, wall, False).name == "face+code"
    if calendar.zone != "UTC" or not abs(wall) < 1e20:
        assert door_level("face", calendar, wall, True).name == "face+code"


def test_the_owners_word_for_a_person_counts_in_place_of_everything() -> None:
    assert level_for(Rights(assurance="face", minor=True), "face+code", NIGHT, at(21), False).name == "face"
    assert level_for(Rights(assurance="code"), "face", NIGHT, at(12), True, visitor=True).name == "code"


def test_visitors_have_their_code_alone() -> None:
    assert level_for(Rights(uses=1), "face+code", NIGHT, at(21), True, visitor=True).name == "code"
    assert level_for(Rights(assurance="face+card"), "face", NIGHT, at(12), True, visitor=True).name == "face+card"


@pytest.mark.parametrize(("door", "level"), [("face", "face+code"), ("face+challenge", "face+code"), ("", "face+code"),
                                              ("face+card", "face+card"), ("code", "code"), ("card", "card")])
def test_minors_give_another_factor_besides_their_face(door: str, level: str) -> None:
    assert level_for(Rights(minor=True), door, Calendar(), at(12), True).name == level
    assert level_for(Rights(), door, Calendar(), at(12), True).name == level_named(door).name


def test_the_document_shows_the_table() -> None:
    document = Path(__file__).parents[2] / "docs" / "decisions" / "policy.md"
    assert table() in document.read_text(encoding="utf-8")
