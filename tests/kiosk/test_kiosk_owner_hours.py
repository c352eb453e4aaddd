"""Hours, holidays and visitors on the owner's pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from kiosk_house import House


def test_hours_groups_and_holidays(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    owner.at(owner.fill("/hours", what="set", name="office", hours="Mo-Fr 08:00-18:00", on_holidays=""))
    owner.at(owner.fill("/hours", what="group", name="staff", schedules="office"))
    owner.at(owner.fill("/hours", what="holiday", first="2026-12-24", last="2026-12-26", name="Christmas"))
    table = house.ask("schedule.show")
    assert table["schedules"]["office"] == {"hours": "Mo-Fr 08:00-18:00", "on_holidays": "never"}
    assert table["groups"] == {"staff": ["office"]} and len(table["holidays"]) == 3
    page = owner.get("/hours").text
    assert "Mo-Fr 08:00-18:00" in page and "2026-12-25 Christmas" in page
    assert owner.fill("/hours", what="remove", name="office").status_code == 422  # the group needs it
    owner.at(owner.fill("/hours", what="remove", name="staff"))
    owner.at(owner.fill("/hours", what="remove", name="office"))
    owner.at(owner.fill("/hours", what="workday", first="2026-12-25"))
    assert len(house.ask("schedule.show")["holidays"]) == 2


def test_hours_that_cannot_be_meant_are_said(house: House) -> None:
    answer = house.logged_in().fill("/hours", what="set", name="office", hours="8-18")
    assert answer.status_code == 422 and "on which days" in answer.text


def test_the_door_stands_open_only_after_the_passphrase(new_house: Callable[..., House]) -> None:
    house = new_house()
    stale, owner = house.logged_in(fresh=False), house.logged_in()
    assert stale.at(stale.fill("/hours/open", hours="always")).startswith("/again")
    assert house.ask("schedule.show")["hold_open"] == "never"
    owner.at(owner.fill("/hours/open", hours="Mo 08:00-09:00"))
    owner.at(owner.fill("/hours/level", level="code", hours="Su 00:00-24:00"))
    table = house.ask("schedule.show")
    assert table["hold_open"] == "Mo 08:00-09:00" and table["assurance"]["hours"] == {"code": "Su 00:00-24:00"}


def test_the_clock_is_confirmed(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    owner.at(owner.fill("/hours/clock"))
    assert house.ask("clock.show")["trusted"]


def test_a_visitor_gets_a_code_that_is_shown_once(new_house: Callable[..., House]) -> None:
    house = new_house()
    helper = house.logged_in("helper")
    made = helper.fill("/visitors", label="plumber", uses="2", since="", until="2126-12-01T18:00")
    found = re.search(r'big-code">(\d{9,11})<', made.text)
    assert made.status_code == 200 and found is not None
    page = helper.get("/visitors").text
    assert "plumber" in page and found.group(1) not in page
    refused = helper.fill("/visitors", label="plumber")
    assert refused.status_code == 422 and "already" in refused.text
    assert helper.fill("/visitors", label="x", uses="many").status_code == 422
    who = house.ask("schedule.show")["visitors"][0]["id"]
    helper.at(helper.fill("/visitors/remove", who=who))
    assert house.ask("schedule.show")["visitors"] == []


def test_visitors_that_are_over_are_cleared(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    owner.fill("/visitors", label="past", until="2020-01-01T00:00")
    refused = owner.fill("/visitors/clear")
    assert refused.status_code == 422 and "cannot be told" in refused.text  # the clock is not believed
    owner.fill("/hours/clock")
    assert "Removed: 1" in owner.get(owner.at(owner.fill("/visitors/clear"))).text
