"""Levels in hours of their own and of one person, on a real store."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_face.access.clock_trust import ClockSigns
from edge_face.access.rights import Calendar, Rights
from edge_face.errors import AccessError, UsageError
from edge_face.people import Consent, Given, Store
from edge_face.people.access_records import save_rights
from edge_face.people.assurance_commands import AssuranceCommands, asked_of
from edge_face.people.command_table import run_in
from edge_face.people.schedule_commands import ScheduleCommands, rights_from_store

ZURICH = ZoneInfo("Europe/Zurich")
NOON = datetime.datetime(2027, 3, 10, 12, 0, tzinfo=ZURICH).timestamp()  # a Wednesday
NIGHT = NOON + 11 * 3600


class House:
    def __init__(self, folder: Path) -> None:
        self.store, self.changes = Store(folder), 0
        self.wall, self.signs = NOON, ClockSigns(kernel=True)
        self.ben = self.store.add("Ben", Consent(Given(NOON, "test"), None), wall=NOON).id
        schedules = ScheduleCommands(self.store, self.changed, zone="Europe/Zurich", assurance="face", wall=lambda: self.wall,
                                     monotonic=lambda: 1000.0, signs=lambda: self.signs, boot=lambda: "boot 1")
        self.tables = (schedules, AssuranceCommands(self.store, self.changed, zone="Europe/Zurich", wall=lambda: self.wall))

    def changed(self) -> None:
        self.changes += 1

    def __call__(self, command: str, **arguments: Any) -> Any:
        answer = run_in(self.tables, command, arguments)
        assert json.loads(json.dumps(answer)) == answer
        return answer

    def rights(self) -> tuple[dict[str, Rights], Calendar]:
        return rights_from_store(self.store, "Europe/Zurich")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "store")
    yield made
    made.store.close()


def test_what_the_owner_sets_for_somebody_reaches_the_policy_and_the_diary(house: House) -> None:
    assert house("people.assure", who="ben")["own"] == {"assurance": "", "actions": [], "release": None, "minor": False, "guardian": ""}
    assert house.changes == 0
    house("people.assure", who="Ben", changes={"assurance": "face+code", "actions": ["left", "up"], "release": 8})
    assert house.rights()[0] == {house.ben: Rights(assurance="face+code", actions=("left", "up"), release=8.0)}
    told = house.store.events.query(limit=1)[0]
    assert (told.kind, told.person, told.details["assurance"], told.details["release"]) == ("people.assured", house.ben, "face+code", 8.0)
    house("people.assure", who="Ben", changes={"release": None, "actions": None})
    assert house.rights()[0][house.ben] == Rights(assurance="face+code"), "what is not named stays"
    house("people.assure", who="Ben", changes={"assurance": None})
    assert house.rights()[0] == {} and house.store.record("rights", house.ben) is None and house.changes == 3


def test_limits_and_levels_do_not_undo_each_other(house: House) -> None:
    house("people.assure", who="Ben", changes={"assurance": "card"})
    house("schedule.person", who="Ben", changes={"until": NOON + 99})
    house("people.assure", who="Ben", changes={"release": 5})
    house("schedule.person", who="Ben", changes={"schedules": None, "groups": None, "since": None, "until": None})
    assert house.rights()[0][house.ben] == Rights(assurance="card", release=5.0)


def test_under_16_takes_a_guardian_and_the_stricter_factor(house: House) -> None:
    with pytest.raises(AccessError, match="needs a guardian's consent"):
        house("people.assure", who="Ben", changes={"minor": True})
    house("people.assure", who="Ben", changes={"minor": True, "guardian": " his  mother, on paper "})
    assert house.rights()[0][house.ben] == Rights(minor=True, guardian="his mother, on paper")
    assert house("schedule.test", who="Ben")["assurance"]["level"] == "face+code"
    assert house.store.events.query(limit=1)[0].details["guardian"] is True, "whether, not what"
    with pytest.raises(AccessError, match="guardian"):
        house("people.assure", who="Ben", changes={"guardian": None})
    house("people.assure", who="Ben", changes={"minor": False})
    assert house.rights()[0] == {}, "a guardian's word goes with the age"


@pytest.mark.parametrize("changes", [
    {"assurance": "eyes"}, {"assurance": 3}, {"actions": ["left"]}, {"actions": ["up", "nearer"]},
    {"actions": ["jump", "left"]}, {"actions": "left,up"},
    {"release": 0.01}, {"release": True}, {"release": "8"}, {"release": 1e400}, {"minor": "yes"}, {"guardian": 4},
    {"guardian": "a\x1bb"}, {"uses": 4}, {}, [], 7])
def test_what_cannot_be_meant_changes_nothing(house: House, changes: Any) -> None:
    with pytest.raises((AccessError, UsageError)):
        house("people.assure", who="Ben", changes=changes)
    assert house.rights()[0] == {} and house.changes == 0


def test_damaged_limits_are_not_set_upon(house: House) -> None:
    house.store.put_record("rights", {"schedules": 3}, house.ben)
    assert house("people.assure", who="Ben")["damaged"] is True
    with pytest.raises(AccessError, match="--unlimited"):
        house("people.assure", who="Ben", changes={"assurance": "code"})


def test_levels_in_hours_of_their_own(house: House) -> None:
    assert house("schedule.assurance", level="face+code", hours="mo-fr 22:00-6:00") == {"level": "face+code", "hours": "Mo-Fr 22:00-06:00"}
    house("schedule.assurance", level="card", hours="Su 00:00-24:00")
    shown = house("schedule.show")["assurance"]
    assert shown["hours"] == {"card": "Su 00:00-24:00", "face+code": "Mo-Fr 22:00-06:00"} and shown["level"] == "face"
    assert house("schedule.test", who="Ben", at=NIGHT)["assurance"]["why"] == "it is asked for at these hours"
    house.signs = ClockSigns()
    assert house("schedule.show")["assurance"]["level"] == "face+code", "the strictest, without a clock"
    house("schedule.assurance", level="card", hours="never")
    assert house.rights()[1].assurance.keys() == {"face+code"}
    for level, hours in (("eyes", "always"), ("face", "sometimes"), (None, "always"), ("face", None)):
        with pytest.raises((AccessError, UsageError)):
            house("schedule.assurance", level=level, hours=hours)
    house("schedule.set", name="office", hours="always")
    assert house.rights()[1].assurance.keys() == {"face+code"}, "other changes leave them"


@pytest.mark.parametrize(("rights", "visitor", "trusted", "level", "why"), [
    (None, False, True, "face", "it is what the door asks for"), (Rights(assurance="code"), False, False, "code", "the owner chose it"),
    (Rights(uses=1), True, True, "code", "visitors have a code alone"), (Rights(minor=True), False, True, "face+code", "under 16"),
    (Rights(assurance="face", minor=True), False, True, "face", "the owner chose it")])
def test_why_a_level_is_asked_of_somebody(rights: Rights | None, visitor: bool, trusted: bool, level: str, why: str) -> None:
    asked = asked_of(rights, "face", Calendar(), NOON, trusted, visitor=visitor)
    assert asked["level"] == level and asked["why"].startswith(why) and asked["words"]


def test_a_visitor_is_asked_for_the_code(house: House) -> None:
    house("schedule.visitor", label="plumber")
    assert house("schedule.test", who="plumber")["assurance"]["level"] == "code"
    save_rights(house.store, house.ben, Rights())
