"""Events with filters, their export, attendance, the audit log: what an owner reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from kiosk_house import House

from edge_face.kiosk.audit_words import PAGES, record_word
from edge_face.kiosk.event_words import GROUPS, WORDS, kind_word


@pytest.fixture(scope="module")
def busy(house: House) -> House:
    """A house in which something happened."""
    owner, who = house.logged_in(), house.ids["Ben"]
    for number in range(60):
        owner.fill(f"/people/{who}/name", name=f"Ben {number}")
    owner.fill(f"/people/{who}/name", name="Ben")
    owner.fill("/door/lockdown")
    house.until(lambda: house.ask("door.status")["lockdown"])
    owner.fill("/door/lift")
    house.until(lambda: house.ask("events.list", kinds=["lockdown-over"])["events"])
    return house


def shown(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/events/(\d+)"', text)]


def test_the_newest_first_and_the_rest_a_page_on(busy: House) -> None:
    owner = busy.logged_in()
    page = owner.get("/events").text
    first = shown(page)
    assert len(first) == 50 and first == sorted(first, reverse=True) and "lockdown lifted" in page
    older = re.search(r'href="(/events\?before=\d+)"', page)
    assert older is not None
    second = owner.get(older.group(1)).text
    assert shown(second) and max(shown(second)) < min(first) and "Newest" in second


def test_filters_by_group_person_and_day(busy: House) -> None:
    owner = busy.logged_in("viewer")
    alarms = owner.get("/events?kind=alarms").text
    assert len(shown(alarms)) == 2 and "lockdown" in alarms
    ben = owner.get(f"/events?who={busy.ids['Ben']}&kind=changes").text
    assert len(shown(ben)) == 50 and f"who={busy.ids['Ben']}" in ben and "kind=changes" in ben
    assert "Nothing like that happened" in owner.get("/events?until=2020-01-01").text
    assert len(shown(owner.get("/events?since=2020-01-01").text)) == 50


@pytest.mark.parametrize("query", ["since=yesterday", "before=x", "until=2026-13-01"])
def test_a_filter_that_cannot_be_meant_is_said_and_the_list_stays(busy: House, query: str) -> None:
    answer = busy.logged_in().get(f"/events?{query}")
    assert answer.status_code == 422 and 'role="alert"' in answer.text and shown(answer.text)


@pytest.mark.parametrize("query", ["kind=odd", "who=", "before=999999999"])
def test_an_odd_filter_is_no_fault(busy: House, query: str) -> None:
    assert busy.logged_in().get(f"/events?{query}").status_code == 200


def test_one_event_has_its_reasons(busy: House) -> None:
    owner = busy.logged_in()
    number = shown(owner.get("/events?kind=alarms").text)[-1]
    text = owner.get(f"/events/{number}").text
    assert "lockdown" in text and f"<dd>{number}</dd>" in text
    assert owner.get("/events/99999999").status_code == 400


def test_the_export_has_the_filtered_events_and_one_heading(busy: House) -> None:
    owner = busy.logged_in()
    answer = owner.get(f"/events/export.csv?who={busy.ids['Ben']}")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert "attachment" in answer.headers["content-disposition"] and answer.headers["content-type"].startswith("text/csv")
    assert len(rows) > 60 and len({len(row) for row in rows}) == 1 and rows.count(rows[0]) == 1
    assert busy.logged_in("helper").get("/events/export.csv").status_code == 403


def test_attendance_is_off_unless_it_is_turned_on(house: House) -> None:
    owner = house.logged_in()
    assert "This is off" in owner.get("/events/attendance").text
    assert owner.get("/events/attendance.csv").status_code == 403


def test_attendance_wants_a_consent_of_its_own(new_house: Callable[..., House]) -> None:
    house = new_house(changes={"kiosk.attendance": True})
    owner, who = house.logged_in(), house.ids["Ben"]
    assert "times of coming" in owner.get(f"/people/{who}").text
    owner.at(owner.fill(f"/people/{who}/attendance", given="1"))
    assert house.ask("people.show", who=who)["attendance"]["how"] == "the owner's pages"
    page = owner.get("/events/attendance")
    assert page.status_code == 200 and "Nobody in this time" in page.text
    assert owner.get("/events/attendance?since=2020-01-01&until=2026-01-01").status_code == 422
    assert owner.get("/events/attendance.csv?since=2026-01-01&until=2026-01-02").text.count("\n") == 1
    owner.at(owner.fill(f"/people/{who}/attendance", given=""))
    assert house.ask("people.show", who=who)["attendance"] is None


def test_the_audit_log_says_what_was_done_and_verifies(busy: House) -> None:
    owner = busy.logged_in()
    page = owner.get("/audit").text
    assert "lockdown lifted from a page" in page and "Olga" in page and "Older" in page
    number = re.search(r"/audit\?before=(\d+)", page)
    assert number is not None and owner.get(f"/audit?before={number.group(1)}").status_code == 200
    verified = owner.fill("/audit/verify").text
    assert re.search(r"\d+ records are as they were written", verified)
    assert owner.get("/audit?before=x").status_code == 422 and busy.logged_in("helper").get("/audit").status_code == 403


def test_kinds_have_words_and_unknown_ones_keep_their_own() -> None:
    kinds = [kind for group in GROUPS.values() for kind in group.kinds]
    assert len(kinds) == len(set(kinds)) and set(kinds) <= set(WORDS)
    assert kind_word("grant") == "let in" and kind_word("of-tomorrow") == "of-tomorrow"
    assert record_word({"kind": "pages", "details": {"what": "door-unlock"}}) == "opened from a page"
    assert record_word({"kind": "login", "details": {"what": "wrong"}}) == "a wrong passphrase or code"
    assert record_word({"kind": "begun"}) == "the log began" and record_word({"kind": "grant"}) == "let in"
    assert record_word({"kind": "pages", "details": {"what": "of-tomorrow"}}) == "of-tomorrow"


def test_whatever_the_pages_can_do_has_a_word_in_the_log(house: House) -> None:
    """By the commands themselves: a new one that changes something cannot be forgotten."""
    from edge_face.service.web.data_commands import RULES

    changing = {rule.name.replace(".", "-").replace("_", "-") for rule in RULES if rule.changes}
    assert changing <= set(PAGES)
