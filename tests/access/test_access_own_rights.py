"""What an owner sets for one person, and for windows: kept, read strictly, and readable by the version before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.rights_records import calendar_of, calendar_record, clean_actions, rights_of, rights_record
from edge_face.errors import AccessError
from edge_face.settings import ACTIONS, ASSURANCES, TURNS

OLD_RIGHTS = {"schedules": ["office"], "groups": [], "since": None, "until": 1.8e9, "uses": None, "used": 0}
OLD_CALENDAR = {"zone": "Europe/Zurich", "schedules": {"office": [[[0, 1], 480, 1080]]}, "on_holidays": {}, "groups": {}, "holidays": {},
                "hold_open": []}
NIGHT = Window(frozenset({0, 1, 2, 3, 4}), 1320, 360)
ACTION_LISTS = st.permutations(ACTIONS).flatmap(lambda order: st.integers(2, 5).map(lambda n: tuple(order[:n]))).filter(
    lambda actions: set(actions) & {*TURNS})
OWN = st.builds(Rights, assurance=st.sampled_from(("", *ASSURANCES)), actions=st.one_of(st.just(()), ACTION_LISTS),
                release=st.one_of(st.none(), st.floats(0.2, 300)),
                minor=st.booleans(), guardian=st.sampled_from(("", "asked Ana, on paper")))


@given(OWN)
def test_what_is_set_for_a_person_is_kept(rights: Rights) -> None:
    assert rights_of(json.loads(json.dumps(rights_record(rights)))) == rights


@given(st.dictionaries(st.sampled_from(ASSURANCES), st.just((NIGHT,))))
def test_windows_with_a_level_are_kept(windows: dict[str, tuple[Window, ...]]) -> None:
    calendar = Calendar("Europe/Zurich", assurance=windows)
    assert calendar_of(json.loads(json.dumps(calendar_record(calendar)))) == calendar


def test_old_records_are_read_and_written_as_they_were() -> None:
    assert rights_record(rights_of(OLD_RIGHTS)) == OLD_RIGHTS
    assert calendar_record(calendar_of(OLD_CALENDAR)) == OLD_CALENDAR


@pytest.mark.parametrize(("key", "value"), [
    ("assurance", "eyes"), ("assurance", ""), ("assurance", None), ("assurance", ["face"]), ("actions", "left"), ("actions", ["left"]),
    ("actions", ["left", "jump"]), ("actions", ["left", "left"]), ("actions", ["blink", "nearer"]), ("actions", [["left"], "up"]),
    ("actions", None), ("release", 0), ("release", True), ("release", 1e9), ("release", float("nan")), ("release", "8"), ("minor", 1),
    ("minor", "yes"), ("guardian", 3), ("guardian", "a\x07b"), ("guardian", "x" * 201), ("challenge", ["left"])])
def test_what_cannot_have_been_written_lets_nobody_in(key: str, value: Any) -> None:
    with pytest.raises(AccessError):
        rights_of({**OLD_RIGHTS, key: value})


@pytest.mark.parametrize("value", [None, [], {"eyes": []}, {"": []}, {"face": None}, {"face": [[[], 0, 1]]}, {"face": [[[0], 0, 9999]]}])
def test_a_calendar_that_cannot_have_been_written_is_refused(value: Any) -> None:
    with pytest.raises(AccessError):
        calendar_of({**OLD_CALENDAR, "assurance": value})


def test_who_can_turn_in_no_way_is_told_of_another_assurance() -> None:
    with pytest.raises(AccessError, match="gets another assurance, as code or card"):
        clean_actions(["blink", "nearer"])
