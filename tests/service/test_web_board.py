"""The board of a real daemon: long polls, what wakes them, what the page beside the door may type."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from web_house import WebHouse

from edge_face.access import Authority, Decision, Kind, Reason
from edge_face.errors import AccessError, ForbiddenError, LoginNeededError, UsageError
from edge_face.people import Consent, Given
from edge_face.settings import KioskSettings


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    made = WebHouse(tmp_path_factory.mktemp("board"), kiosk=KioskSettings(pad=True, responsible="Olga, flat 3", sleep=0.0))
    yield made
    made.stop()


def polled(house: WebHouse, after: int = 0, wait: float = 0.0) -> dict[str, Any]:
    found: dict[str, Any] = house.web.call("kiosk.state", after=after, wait=wait)
    return found


def decided(house: WebHouse, kind: Kind, *codes: str) -> Decision:
    clock = house.daemon.clock
    return Decision(kind, clock.monotonic(), clock.wall(), tuple(Reason(code, code) for code in codes), authority=Authority.CODE)


def test_without_news_a_poll_waits_and_then_tells_the_same(house: WebHouse) -> None:
    first = polled(house)
    begun = time.monotonic()
    again = polled(house, first["number"], 0.6)
    assert again["number"] == first["number"] and time.monotonic() - begun >= 0.55
    assert again["state"]["time"] > first["state"]["time"] and again["state"]["camera"] == "off"


def test_a_decision_wakes_whoever_waits(house: WebHouse) -> None:
    number = polled(house)["number"]
    found: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: found.append(polled(house, number, 15.0)))
    waiting.start()
    time.sleep(0.1)
    begun = time.monotonic()
    house.daemon.board.hear(decided(house, Kind.DENY, "wrong-code"))
    waiting.join(15)
    assert found[0]["state"]["phase"] == "denied" and found[0]["state"]["message"] == "code_refused"
    assert time.monotonic() - begun < 10
    assert polled(house, number)["number"] == found[0]["number"]


def test_a_number_of_another_daemon_is_answered_at_once(house: WebHouse) -> None:
    begun = time.monotonic()
    assert polled(house, 12345, 15.0)["number"] != 12345
    assert time.monotonic() - begun < 10


def test_a_fault_of_the_page_harms_no_door(house: WebHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("edge_face.service.web.board.outcome_of", fails)
    house.daemon.board.hear(decided(house, Kind.GRANT))
    assert "not shown on the page" in caplog.text


@pytest.mark.parametrize("arguments", [{"after": -1}, {"after": "x"}, {"wait": -1}, {"wait": 21}, {"wait": True}, {"surprise": 1}])
def test_what_no_page_asks_is_refused(house: WebHouse, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        house.web.call("kiosk.state", **arguments)
    with pytest.raises(UsageError):
        house.web.call("kiosk.picture", **arguments)


def test_codes_on_the_page_are_codes_of_the_keypad(house: WebHouse) -> None:
    for text in ("", "12a4", "1" * 33, "١٢٣٤", " 1234"):
        assert house.web.call("kiosk.code", text=text) == {"offer": "nonsense"}
    offers = []
    until = time.monotonic() + 60
    while "resting" not in offers and time.monotonic() < until:
        offers.append(house.web.call("kiosk.code", text="48151623")["offer"])
        time.sleep(0.05)
    fails = house.settings.access.code_fails
    assert offers[0] == "taken" and set(offers) <= {"taken", "busy", "resting"} and offers.count("taken") == fails
    number, state = 0, {}
    while state.get("phase") != "resting" and time.monotonic() < until:
        answer = polled(house, number, 1.0)
        number, state = answer["number"], answer["state"]
    assert state["message"] == "codes_rest" and state["rest_seconds"] > 0
    with pytest.raises(UsageError):
        house.web.call("kiosk.code", text=5)


def test_a_page_that_is_no_keypad_takes_no_codes(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = house.daemon.settings
    monkeypatch.setattr(house.daemon, "settings", replace(settings, kiosk=replace(settings.kiosk, pad=False)))
    with pytest.raises(AccessError, match="not typed on this page"):
        house.web.call("kiosk.code", text="1234")
    assert polled(house)["state"]["factors"] == {"code": False, "card": False, "pad": False}


def test_the_notice_says_who_and_how_long(house: WebHouse) -> None:
    notice = house.web.call("kiosk.notice")
    assert notice["responsible"] == "Olga, flat 3" and notice["camera"] is False
    assert notice["keep_events_days"] == house.settings.store.keep_events and notice["keep_audit_days"] == house.settings.audit.keep


def test_a_door_without_a_camera_has_no_picture(house: WebHouse) -> None:
    begun = time.monotonic()
    assert house.web.call("kiosk.picture", after=0, wait=15.0) == {"number": 0, "off": True}
    assert time.monotonic() - begun < 10


def test_aiming_and_greetings_are_not_for_whoever_stands_there(house: WebHouse) -> None:
    for command, arguments in (("view.overlay", {}), ("view.picture", {}), ("people.greet", {"who": "Ann", "text": "Hi"})):
        with pytest.raises((LoginNeededError, ForbiddenError)):
            house.web.call(command, **arguments)


def test_a_greeting_is_said_in_the_audit_log_and_looking_at_it_is_not(house: WebHouse) -> None:
    def said() -> list[Any]:
        return [entry.record for entry in house.records("pages") if entry.record.details["what"] == "people-greet"]

    token = house.claimed()
    who = house.daemon.books(lambda books: books.store.add("Ann", Consent(Given(1.7e9, "in a test")), wall=1.7e9).id)
    assert house.web.call("people.greet", token=token, who="Ann")["greeting"] is None
    assert said() == []
    assert house.web.call("people.greet", token=token, who=who, text="Hi")["greeting"] == "Hi"
    assert len(said()) == 1 and "Hi" not in repr(said()) and "Ann" not in repr(said())
