"""Hours, limits, visitors and the clock on a real store."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_face.access.clock_trust import ClockSigns
from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.schedule import NOBODY, may_enter
from edge_face.build_date import BUILD_DATE
from edge_face.errors import AccessError, EdgeFaceError, PeopleError, UsageError
from edge_face.people import Consent, Given, Store
from edge_face.people.codes import CodeBook
from edge_face.people.schedule_commands import WRITING, ScheduleCommands, rights_from_store, spend

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime.datetime(2027, 3, 10, 12, 0, tzinfo=ZURICH).timestamp()  # a Wednesday
EVERYTHING = {"schedules": None, "groups": None, "since": None, "until": None}


class House:
    """A store with Ben, commands on it, and clocks that stand still."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.wall, self.monotonic, self.boot, self.signs = NOW, 1000.0, "boot 1", ClockSigns()
        self.changes = 0
        self.ben = self.store.add("Ben", Consent(Given(NOW, "test"), None), wall=NOW).id
        self.commands = ScheduleCommands(self.store, self.changed, zone="Europe/Zurich", wall=lambda: self.wall,
                                         monotonic=lambda: self.monotonic, signs=lambda: self.signs, boot=lambda: self.boot)

    def changed(self) -> None:
        self.changes += 1

    def __call__(self, command: str, **arguments: Any) -> Any:
        answer = self.commands.run(command, arguments)
        assert json.loads(json.dumps(answer)) == answer
        return answer

    def rights(self) -> tuple[dict[str, Rights], Calendar]:
        return rights_from_store(self.store, "Europe/Zurich")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "store")
    yield made
    made.store.close()


def test_without_records_nobody_has_limits(house: House) -> None:
    assert house.rights() == ({}, Calendar("Europe/Zurich"))
    shown = house("schedule.show")
    assert shown["schedules"] == {} and shown["people"] == [] and shown["hold_open"] == "never" and house.changes == 0


def test_hours_groups_holidays_and_limits_reach_the_policy(house: House) -> None:
    assert house("schedule.set", name=" office ", hours="mo-fr 8:00-18:00") == {
        "name": "office", "hours": "Mo-Fr 08:00-18:00", "on_holidays": "never"}
    house("schedule.set", name="office", on_holidays="daily 10:00-12:00")
    house("schedule.set", name="night", hours="daily 22:00-06:00")
    house("schedule.group", name="staff", schedules=["office", "night", "office"])
    assert house("schedule.holiday", first="2027-03-26", last="2027-03-29", name="Easter")["days"][-1] == "2027-03-29"
    house("schedule.workday", first="2027-03-27")
    house("schedule.hold_open", hours="Sa 09:00-10:00")
    house("schedule.person", who="ben", changes={"groups": ["staff"], "until": NOW + 86_400})
    rights, calendar = house.rights()
    assert rights == {house.ben: Rights(groups=("staff",), until=NOW + 86_400)}
    workdays, every = frozenset(range(5)), frozenset(range(7))
    assert calendar == Calendar(
        "Europe/Zurich", {"office": (Window(workdays, 480, 1080),), "night": (Window(every, 1320, 360),)},
        {"office": (Window(every, 600, 720),)}, {"staff": ("office", "night")},
        {datetime.date(2027, 3, day): "Easter" for day in (26, 28, 29)}, (Window(frozenset({5}), 540, 600),))
    assert may_enter(rights[house.ben], calendar, NOW, True).allowed and not may_enter(rights[house.ben], calendar, NOW, False).allowed
    shown = house("schedule.show")
    assert shown["schedules"]["office"] == {"hours": "Mo-Fr 08:00-18:00", "on_holidays": "daily 10:00-12:00"}
    assert shown["people"][0]["name"] == "Ben" and shown["damaged"] == [] and house.changes == 8
    house("schedule.set", name="office", on_holidays="never")
    assert house.rights()[1].on_holidays == {}


def test_limits_change_one_by_one_and_are_lifted(house: House) -> None:
    house("schedule.set", name="office", hours="always")
    house("schedule.person", who="Ben", changes={"schedules": ["office"], "since": NOW})
    house("schedule.person", who="Ben", changes={"until": NOW + 60})
    assert house.rights()[0][house.ben] == Rights(("office",), since=NOW, until=NOW + 60)
    assert house("schedule.person", who="Ben")["limits"]["until"] == NOW + 60
    house("schedule.person", who="Ben", changes={"since": None})
    with pytest.raises(AccessError, match="not after"):
        house("schedule.person", who="Ben", changes={"since": NOW + 60})
    house("schedule.person", who="Ben", changes=EVERYTHING)
    assert house.rights()[0] == {} and list(house.store.records("rights")) == []


def test_what_is_in_use_is_not_removed(house: House) -> None:
    house("schedule.set", name="office", hours="always")
    house("schedule.group", name="staff", schedules=["office"])
    with pytest.raises(AccessError, match="group 'staff'"):
        house("schedule.remove", name="office")
    house("schedule.person", who="Ben", changes={"groups": ["staff"]})
    with pytest.raises(AccessError, match="'Ben'"):
        house("schedule.remove", name="staff")
    house("schedule.person", who="Ben", changes=EVERYTHING)
    house("schedule.visitor", label="Plumber", changes={"schedules": ["office"]})
    house("schedule.remove", name="staff")
    with pytest.raises(AccessError, match="the visitor 'Plumber'"):
        house("schedule.remove", name="office")
    house("schedule.visitor_remove", who="plumber")
    house("schedule.remove", name="office")
    assert house.rights() == ({}, Calendar("Europe/Zurich"))


def test_whoever_is_forgotten_takes_the_limits_along(house: House) -> None:
    house("schedule.person", who="Ben", changes={"until": NOW})
    house.store.forget(house.ben, wall=NOW)
    assert house.rights()[0] == {} and list(house.store.records("rights")) == []


def test_a_visitor_enters_as_often_as_was_said(house: House) -> None:
    made = house("schedule.visitor", label="Plumber", uses=2, changes={"until": NOW + 3600}, digits=8)
    assert len(made["pin"]) == 3 + 8 and not made["over"]
    fact = CodeBook.build(house.store).look_up(made["pin"], "pin")
    assert (fact.factor, fact.person) == ("visitor", made["id"])
    for entries in range(2):
        rights, calendar = house.rights()
        assert rights[made["id"]] == Rights(until=NOW + 3600, uses=2, used=entries)
        assert may_enter(rights[made["id"]], calendar, NOW, True).allowed
        assert spend(house.store, made["id"])
    rights, calendar = house.rights()
    verdict = may_enter(rights[made["id"]], calendar, NOW, True)
    assert not verdict.allowed and verdict.reason is not None and verdict.reason.code == "used-up"
    assert house("schedule.show")["visitors"][0]["over"]
    assert made["pin"] not in json.dumps(house("schedule.show")) and not spend(house.store, "0" * 16)
    house("schedule.visitor_remove", who=made["id"])
    assert CodeBook.build(house.store).look_up(made["pin"], "pin").person is None


def test_visitors_whose_time_is_over_are_cleared(house: House) -> None:
    over = house("schedule.visitor", label="a", changes={"until": NOW + 60})["id"]
    used = house("schedule.visitor", label="b")["id"]
    house("schedule.visitor", label="c", uses=None)
    spend(house.store, used)
    house.wall += 120
    with pytest.raises(AccessError, match="confirmed"):
        house("schedule.visitor_clear")  # with a clock like this nobody knows
    house.signs = ClockSigns(kernel=True)
    assert set(house("schedule.visitor_clear")["removed"]) == {over, used}
    assert [guest["label"] for guest in house("schedule.show")["visitors"]] == ["c"]
    assert house("schedule.visitor_clear") == {"removed": []}


def test_codes_of_visitors_differ_and_labels_too(house: House) -> None:
    pins = {house("schedule.visitor", label=f"guest {n}", digits=6)["pin"] for n in range(20)}
    assert len(pins) == 20
    with pytest.raises(AccessError, match="GUEST 3"):
        house("schedule.visitor", label="GUEST 3")


def test_may_somebody_enter_then_and_why(house: House) -> None:
    house("schedule.set", name="office", hours="Mo-Fr 08:00-18:00")
    house("schedule.person", who="Ben", changes={"schedules": ["office"]})
    answer = house("schedule.test", who="Ben", at=NOW)
    assert answer["allowed"] and answer["reason"]["code"] == "in-hours"
    assert house("schedule.test", who=house.ben, at=NOW + 8 * 3600)["reason"]["code"] == "outside-hours"
    assert house("schedule.test", who="Ben")["reason"]["code"] == "clock-untrusted"
    house.signs = ClockSigns(kernel=True)
    assert house("schedule.test", who="Ben")["allowed"]
    house("schedule.visitor", label="Plumber")
    assert house("schedule.test", who="plumber")["state"] == "visitor"
    with pytest.raises(PeopleError, match="nobody named"):
        house("schedule.test", who="Anna")


def test_the_owner_sets_the_clock(house: House) -> None:
    shown = house("clock.show")
    assert not shown["trusted"] and "confirmed" in shown["why"]
    changes = house.changes
    assert house("clock.set", wall=NOW - 5)["why"] == "set by the owner" and house.changes == changes + 1
    house.wall += 3600
    house.monotonic += 3600
    assert house("clock.show")["trusted"]
    house.wall += 60
    assert not house("clock.show")["trusted"]
    house("clock.set", wall=house.wall)
    house.boot, house.monotonic = "boot 2", 20.0
    assert not house("clock.show")["trusted"]
    house.wall = BUILD_DATE - 100
    with pytest.raises(AccessError, match="before this version"):
        house("clock.set", wall=house.wall)
    with pytest.raises(AccessError, match="not what the door's clock shows"):
        house("clock.set", wall=NOW)


def test_damaged_records_let_in_nobody_whom_they_concern(house: House) -> None:
    house("schedule.set", name="office", hours="always")
    house("schedule.person", who="Ben", changes={"schedules": ["office"]})
    guest = house("schedule.visitor", label="Plumber")["id"]
    house.store.put_record("rights", {"colour": "red"}, house.ben)
    house.store.put_record("visitor", {"label": 5}, name=guest)
    house.store.put_record("calendar", {"zone": 5})
    troubles: list[EdgeFaceError] = []
    rights, calendar = rights_from_store(house.store, "Europe/Zurich", lambda who, error: troubles.append(error))
    assert rights == {house.ben: NOBODY} and calendar == Calendar("Europe/Zurich") and len(troubles) == 3
    verdict = may_enter(rights[house.ben], calendar, NOW, True)
    assert not verdict.allowed and verdict.reason is not None and verdict.reason.code == "odd-rights"
    assert not spend(house.store, guest)
    shown = house("schedule.show")
    assert len(shown["damaged"]) == 2 and shown["people"][0]["damaged"]
    with pytest.raises(AccessError, match="schedule reset"):
        house("schedule.set", name="office", hours="always")
    house("schedule.reset")
    with pytest.raises(AccessError, match="not damaged"):
        house("schedule.reset")
    assert house("schedule.person", who="Ben")["damaged"]
    with pytest.raises(AccessError, match="--unlimited"):
        house("schedule.person", who="Ben", changes={"until": NOW})
    house("schedule.person", who="Ben", changes=EVERYTHING)
    house("schedule.visitor_remove", who=guest)
    assert house.rights()[0] == {}


def test_a_record_that_was_tampered_with_lets_in_nobody(house: House) -> None:
    house("schedule.person", who="Ben", changes={"until": NOW + 60})
    house.store._database.run("UPDATE sealed_record SET sealed = zeroblob(60) WHERE kind = 'rights'", [])
    assert house.rights()[0] == {house.ben: NOBODY}


@pytest.mark.parametrize(("command", "arguments", "error"), [
    ("schedule.set", {"name": "a"}, UsageError),
    ("schedule.set", {"name": "a", "hours": 5}, UsageError),
    ("schedule.set", {"name": "any", "hours": "always"}, AccessError),
    ("schedule.set", {"name": "", "hours": "always"}, AccessError),
    ("schedule.set", {"name": "a", "on_holidays": "always"}, AccessError),
    ("schedule.set", {"name": "a", "hours": "Mo"}, AccessError),
    ("schedule.remove", {"name": "a"}, AccessError),
    ("schedule.group", {"name": "g", "schedules": []}, UsageError),
    ("schedule.group", {"name": "g", "schedules": "office"}, UsageError),
    ("schedule.group", {"name": "g", "schedules": ["a"]}, AccessError),
    ("schedule.holiday", {"first": "2027-02-30"}, AccessError),
    ("schedule.holiday", {"first": "2027-03-02", "last": "2027-03-01"}, AccessError),
    ("schedule.holiday", {"first": "2027-01-01", "last": "2028-12-31"}, AccessError),
    ("schedule.workday", {"first": "2027-01-01"}, AccessError),
    ("schedule.hold_open", {"hours": "08:00-09:00"}, AccessError),
    ("schedule.person", {"who": "Anna"}, PeopleError),
    ("schedule.person", {"who": "Ben", "changes": {"colour": 1}}, UsageError),
    ("schedule.person", {"who": "Ben", "changes": []}, UsageError),
    ("schedule.person", {"who": "Ben", "changes": {"until": "soon"}}, UsageError),
    ("schedule.person", {"who": 5}, UsageError),
    ("schedule.person", {"who": "Ben", "changes": {"schedules": ["a"]}}, AccessError),
    ("schedule.visitor", {"label": "x", "uses": 0}, UsageError),
    ("schedule.visitor", {"label": "x", "digits": 3}, AccessError),
    ("schedule.visitor", {"label": "x\n="}, AccessError),
    ("schedule.visitor", {"label": "x", "uses": True}, UsageError),
    ("schedule.visitor_remove", {"who": "x"}, AccessError),
    ("schedule.test", {"who": "Ben", "at": True}, UsageError),
    ("schedule.test", {}, UsageError),
    ("clock.set", {"wall": 1e300}, UsageError),
    ("clock.set", {}, UsageError),
    ("schedule.nothing", {}, UsageError),
    ("schedule.show", {"who": "Ben"}, UsageError),
])
def test_what_cannot_be_meant_changes_nothing(house: House, command: str, arguments: dict[str, Any], error: type[Exception]) -> None:
    before = house("schedule.show")
    with pytest.raises(error) as refused:
        house(command, **arguments)
    assert str(refused.value)
    assert house("schedule.show") == before and house.changes == 0


def test_every_change_is_in_the_diary_without_a_name(house: House) -> None:
    house("schedule.set", name="office", hours="always")
    house("schedule.person", who="Ben", changes={"schedules": ["office"]})
    house("schedule.visitor", label="Plumber")
    house("clock.set", wall=NOW)
    events = house.store.events.query(10)
    assert [event.kind for event in reversed(events)] == ["schedule.set", "schedule.person", "schedule.visitor", "clock.set"]
    assert {event.person for event in events} == {None, house.ben} and not any(event.details for event in events)
    assert WRITING.issubset(ScheduleCommands.names())


def test_a_message_is_one_line_whatever_was_typed(house: House) -> None:
    for command, arguments in [("schedule.remove", {"name": "\n"}), ("schedule.visitor_remove", {"who": "a\nb"}),
                               ("schedule.remove", {"name": "\x1b[31mred"})]:
        with pytest.raises(EdgeFaceError) as caught:
            house.commands.run(command, arguments)
        assert str(caught.value).isprintable()
