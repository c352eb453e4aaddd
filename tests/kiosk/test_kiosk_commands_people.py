"""People, codes and hours as the pages ask for them: roles, what is said in the audit log, what never leaves the daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kiosk_house import House

from edge_face.errors import (
    AccessError,
    ForbiddenError,
    FreshNeededError,
    LoginNeededError,
    PeopleError,
    UnknownError,
    UsageError,
)
from edge_face.people import Store
from edge_face.service.client import Client
from edge_face.service.protocol import web_socket_path
from edge_face.service.web.table import web_commands


@pytest.fixture(scope="module")
def full() -> Iterator[House]:
    made = House(people=("Ben", "Ada", "Cleo", "Dora"))
    yield made
    made.close()


def said(house: House, last: int = 1) -> list[dict[str, Any]]:
    return [row for row in house.ask("audit.tail", last=20)["records"] if row["kind"] == "pages"][:last]


def stale(house: House, command: str, role: str, **arguments: Any) -> Any:
    return Client(web_socket_path(house.settings)).call(command, token=house.token(role, fresh=False), **arguments)


def test_nothing_that_shows_a_face_or_brings_one_in_is_a_command_of_the_pages(full: House) -> None:
    names = {command.name for command in web_commands(full.daemon)}
    assert not names & {"people.export", "people.import", "people.pictures", "people.enroll", "people.alike", "door.pulse", "stop",
                        "service.maintain"}
    shown = json.dumps([full.ask("people.list"), full.ask("people.show", who="Ben")])
    assert "embedding" not in shown and "png" not in shown


def test_a_list_is_handed_out_in_parts(full: House) -> None:
    everybody = full.ask("people.list", "viewer")
    names = [person["name"] for person in everybody["people"]]
    assert names == sorted(names) and everybody["total"] == len(names) >= 3
    assert [p["name"] for p in full.ask("people.list", "viewer", offset=1, limit=1)["people"]] == names[1:2]
    assert [p["name"] for p in full.ask("people.list", "viewer", match="ADA")["people"]] == ["Ada"]
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"match": 3}, {"other": 1}):
        with pytest.raises(UsageError):
            full.ask("people.list", **wrong)


def test_what_a_person_may_is_shown_with_them(full: House) -> None:
    shown = full.ask("people.show", "viewer", who="Cleo")
    assert shown["own"]["assurance"] == "" and shown["limits"]["schedules"] == [] and "attendance" not in shown
    with pytest.raises(UnknownError, match="nobody named"):
        full.ask("people.show", who="Zoe")


def test_a_change_is_said_with_the_logins_and_the_persons_alias(full: House) -> None:
    full.ask("people.rename", "helper", who="Cleo", name="Clea")
    row, = said(full)
    assert row["details"]["what"] == "people-rename" and row["authority"] == "helper"
    assert row["name"] == "Hugo" and row["whom"] == "Clea"
    assert "Clea" not in json.dumps(row["details"]) and full.ids["Cleo"] not in json.dumps(row)
    full.ask("people.rename", who="Clea", name="Cleo")


def test_whoever_is_forgotten_is_gone_and_that_stays_said(full: House) -> None:
    with pytest.raises(FreshNeededError):
        stale(full, "people.forget", "owner", who="Dora")
    with pytest.raises(ForbiddenError):
        full.ask("people.forget", "helper", who="Dora")
    alias = full.daemon.roster.aliases[full.ids["Dora"]]
    full.ask("people.forget", who="Dora")
    with pytest.raises(UnknownError):
        full.ask("people.show", who="Dora")
    row, = said(full)
    assert row["details"] == {"what": "people-forget", "whom": f"p{alias}"} and row["whom"] is None


def test_a_consent_says_how_it_was_given(full: House) -> None:
    answer = full.ask("people.consent", "helper", who="Ada", withdraw=["show"])
    assert answer["consent"]["show"] is None
    assert full.ask("people.consent", "helper", who="Ada", give=["show"])["consent"]["show"]["how"] == "the owner's pages"
    assert full.ask("people.consent", "helper", who="Ada", give=["show"], how="on paper")["consent"]["show"]["how"] == "on paper"
    for wrong in ({"give": ["all"]}, {"give": "show"}, {"give": ["show"], "withdraw": ["show"]}, {"how": 3}):
        with pytest.raises(UsageError):
            full.ask("people.consent", who="Ada", **wrong)
    with pytest.raises(LoginNeededError):
        full.ask("people.consent", None, who="Ada", give=["show"])


def test_a_helper_may_say_that_somebody_is_a_child_and_nothing_else(full: House) -> None:
    child = {"minor": True, "guardian": "her mother, on paper"}
    assert full.ask("people.assure", "helper", who="Ada", changes=child)["own"]["minor"] is True
    for easier in ({"assurance": "face"}, {"minor": False}, {**child, "assurance": "face"}, {"guardian": "x"}, {"release": 30}):
        with pytest.raises(ForbiddenError):
            full.ask("people.assure", "helper", who="Ada", changes=easier)
        with pytest.raises(FreshNeededError):
            stale(full, "people.assure", "owner", who="Ada", changes=easier)
    assert full.ask("people.assure", who="Ada", changes={"minor": False})["own"]["minor"] is False
    for wrong in (None, {}, [], "minor"):
        with pytest.raises(UsageError):
            full.ask("people.assure", who="Ada", changes=wrong)


def test_a_code_is_told_once_and_never_listed_or_logged(full: House) -> None:
    made = full.ask("codes.add", "helper", who="Ben", generate=6)
    listed = full.ask("codes.list", "viewer")
    assert [row["what"] for row in listed["codes"] if row["name"] == "Ben"] == ["pin"]
    kept = json.dumps([listed, full.ask("audit.tail"), full.ask("events.list")])
    assert made["pin"] not in kept
    full.ask("codes.duress", "helper", who="Ben", pin=str((int(made["pin"]) + 123456) % 900000 + 100000))
    assert "duress" not in json.dumps([full.ask("codes.list"), full.ask("people.show", who="Ben"), full.ask("events.list")])
    for command, arguments in (("codes.add", {"who": "Ben", "generate": 6}), ("codes.remove", {"who": "Ben", "what": "pin"}),
                               ("codes.totp", {"who": "Ben"}), ("schedule.visitor", {"label": "x"})):
        with pytest.raises(FreshNeededError):
            stale(full, command, "helper", **arguments)
        with pytest.raises(ForbiddenError):
            full.ask(command, "viewer", **arguments)
    assert full.ask("codes.remove", "helper", who="Ben", what="pin")["removed"] == ["pin"]
    with pytest.raises(AccessError):
        full.ask("codes.remove", who="Ben", what="pin")


def test_a_card_is_waited_for_and_an_unknown_person_is_told_at_once(full: House) -> None:
    with pytest.raises(UnknownError):
        full.ask("codes.present", "helper", who="Nobody")
    with pytest.raises(AccessError, match="no card was held"):
        full.ask("codes.present", "helper", who="Ben", seconds=0.2)


def test_hours_and_limits_are_the_owners(full: House) -> None:
    full.ask("schedule.set", name="Office", hours="mon-fri 08:00-17:00")
    full.ask("schedule.person", who="Ben", changes={"schedules": ["Office"]})
    assert full.ask("people.show", "viewer", who="Ben")["limits"]["schedules"] == ["Office"]
    assert full.ask("schedule.show", "viewer")["schedules"]["Office"]["hours"].startswith("Mo-Fr")
    with pytest.raises(ForbiddenError):
        full.ask("schedule.set", "helper", name="Office", hours="always")
    with pytest.raises(AccessError):
        full.ask("schedule.set", name="Office", hours="whenever")
    for command, arguments in (("schedule.hold_open", {"hours": "always"}), ("schedule.assurance", {"level": "face", "hours": "always"}),
                               ("schedule.reset", {}), ("clock.set", {"wall": 1.0})):
        with pytest.raises(FreshNeededError):
            stale(full, command, "owner", **arguments)
    full.ask("schedule.person", who="Ben", changes={"schedules": None})
    full.ask("schedule.remove", name="Office")


def test_the_clock_is_believed_once_the_owner_says_so(new_house: Callable[..., House]) -> None:
    house = new_house()
    wall = house.daemon.clock.wall()
    assert house.ask("clock.set", wall=wall)["trusted"] is True
    assert house.daemon.keeper.trusted(house.daemon.clock.monotonic(), house.daemon.clock.wall())


def test_what_is_changed_holds_at_once_and_outlives_the_daemon(new_house: Callable[..., House]) -> None:
    house = new_house(people=("Ben",))
    house.ask("people.suspend", "helper", who="Ben")
    with pytest.raises(PeopleError):
        house.ask("people.activate", who="Ben")  # no templates
    house.stop()
    with Store(house.folder / "store", read_only=True) as store:
        assert [person.state.value for person in store.people()] == ["suspended"]


def test_people_who_look_alike_are_named(new_house: Callable[..., House]) -> None:
    house = new_house(clip="door", faces=("ben",), people=())
    assert house.ask("people.pairs", "viewer") == {"pairs": [], "more": 0}
    house.stop()
    with Store(house.folder / "store") as store:
        ben, = store.people()
        twin = store.add("Twin", ben.consent, ben.templates, wall=1.7e9)
    house.start()
    pair, = house.ask("people.pairs", "viewer")["pairs"]
    assert {pair["a"]["name"], pair["b"]["name"]} == {"ben", "Twin"} and pair["score"] >= pair["needed"] > 0
    assert twin.id in (pair["a"]["id"], pair["b"]["id"])
