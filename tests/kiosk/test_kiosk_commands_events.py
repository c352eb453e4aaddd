"""The diary, attendance and the audit log as the pages ask for them."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kiosk_house import House

from edge_face.audit import audit_folder
from edge_face.errors import AccessError, ForbiddenError, PeopleError, UnknownError, UsageError
from edge_face.people import Entry, Store
from edge_face.service import attendance
from edge_face.service.diary import Wanted, events_page

DAY = 86_400.0
NOON = 1_790_000_000.0 // DAY * DAY + DAY / 2


def diary(house: House, *rows: tuple[str, float, str | None, dict[str, Any]]) -> None:
    """Writes events as the door would."""
    entries = [Entry(kind, wall, house.ids.get(who or ""), details) for kind, wall, who, details in rows]
    house.daemon.books(lambda books: books.ask(lambda store: store.events.append_all(entries)))


@pytest.fixture
def busy(new_house: Callable[..., House]) -> House:
    house = new_house({"kiosk.attendance": True, "access.timezone": "Europe/Zurich"}, people=("Ben", "Ada"))
    reasons = [{"code": "matched", "text": "=2+5 it matched", "values": {"score": 0.9}}]
    faces = [("grant" if n % 2 else "deny", NOON + n, "Ben" if n % 2 else None, {"reasons": reasons, "authority": "face"})
             for n in range(30)]
    diary(house, *faces, ("code", NOON + 40, "Ada", {"reasons": [], "authority": "code"}),
          ("alarm", NOON + 50, None, {"alarm": "forced", "reasons": []}))
    return house


def test_pages_of_events_meet_without_a_gap(busy: House) -> None:
    seen: list[int] = []
    before = None
    while True:
        page = busy.ask("events.list", "viewer", since=NOON, until=NOON + 60, limit=7, before=before)
        seen += [row["id"] for row in page["events"]]
        before = page["before"]
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 32 and seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(("filters", "count"), [
    ({"kind": "grant"}, 15), ({"kinds": ["grant", "deny"]}, 30), ({"kinds": ["alarm"]}, 1), ({"kinds": ["fire"]}, 0), ({"who": "Ben"}, 15),
    ({"who": "ben", "kind": "deny"}, 0), ({"who": "Ada"}, 1), ({"since": NOON + 20}, 12), ({"until": NOON + 10}, 10),
    ({"since": NOON + 5, "until": NOON + 6}, 1)])
def test_filters_hold_together(busy: House, filters: dict[str, Any], count: int) -> None:
    rows = busy.ask("events.list", **{"since": NOON, "until": NOON + 60, **filters}, limit=200)["events"]
    assert len(rows) == count


def test_what_is_no_filter_is_refused(busy: House) -> None:
    for wrong in ({"limit": 201}, {"limit": 0}, {"before": 0}, {"kinds": "grant"}, {"kinds": ["Grant!"]}, {"kinds": ["a"] * 61},
                  {"since": "x"}, {"until": float("1e300")}, {"who": 3}, {"kind": 3}, {"last": 1}):
        with pytest.raises(UsageError):
            busy.ask("events.list", **wrong)
    with pytest.raises(UnknownError):
        busy.ask("events.list", who="Nobody")
    with pytest.raises(UnknownError, match="no event"):
        busy.ask("events.show", event=10**9)


def test_a_visitors_events_are_found_by_the_label(busy: House) -> None:
    made = busy.ask("schedule.visitor", label="Plumber")
    diary(busy, *(("code", NOON + 100 + n, None, {"visitor": made["id"] if n % 3 == 0 else "0" * 16, "reasons": []}) for n in range(300)))
    rows, before = [], None
    while True:
        page = busy.ask("events.list", who="plumber", limit=40, before=before)
        rows += page["events"]
        before = page["before"]
        if before is None:
            break
    assert len(rows) == 100 and {row["name"] for row in rows} == {"Plumber"}


def test_a_search_that_finds_little_ends_and_says_where_to_go_on(busy: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.diary.MOST_LOOKED_AT", 10)
    rows, before = busy.daemon.books(lambda books: books.ask(lambda store: events_page(store, Wanted(visitor="f" * 16), None, 5)))
    assert rows == [] and before is not None


def test_the_table_has_its_headings_once_and_no_formula(busy: House) -> None:
    first = busy.ask("events.export", since=NOON, until=NOON + 60)
    rows = list(csv.reader(io.StringIO(first["csv"])))
    assert rows[0][0] == "event" and len(rows) == 33 and first["before"] is None
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]
    later = busy.ask("events.export", since=NOON, until=NOON + 60, before=int(rows[10][0]))
    assert not later["csv"].startswith("event,")
    with pytest.raises(ForbiddenError):
        busy.ask("events.export", "helper")


def test_nobody_is_listed_who_did_not_agree(busy: House) -> None:
    span = {"since": NOON - DAY, "until": NOON + 2 * DAY}
    assert busy.ask("attendance.list", **span) == {"days": []}
    with pytest.raises(PeopleError, match="has not agreed"):
        busy.ask("attendance.list", who="Ben", **span)
    busy.ask("attendance.consent", "helper", who="Ben", given=True, how="on paper")
    assert busy.ask("attendance.list", **span) == {"days": []}  # all that was before they agreed
    now = busy.daemon.clock.wall()
    diary(busy, *(("grant", now + n, "Ben", {"authority": "face"}) for n in (1, 60, 120)), ("deny", now + 200, "Ben", {}),
          ("grant", now + 5, "Ada", {"authority": "face"}))
    day, = busy.ask("attendance.list", since=now - DAY, until=now + DAY)["days"]
    assert day["name"] == "Ben" and day["times"] == 3 and day["last"] - day["first"] == pytest.approx(119)
    table = list(csv.DictReader(io.StringIO(busy.ask("attendance.export", since=now - DAY, until=now + DAY)["csv"])))
    assert [row["name"] for row in table] == ["Ben"]
    assert busy.ask("people.show", who="Ben")["attendance"]["how"] == "on paper"
    assert busy.ask("people.show", who="Ada")["attendance"] is None
    busy.ask("attendance.consent", "helper", who="Ben", given=False)
    assert busy.ask("attendance.list", since=now - DAY, until=now + DAY) == {"days": []}
    for wrong in ({"since": 0, "until": 94 * DAY}, {"since": 10, "until": 5}, {"since": "x"}):
        with pytest.raises(UsageError):
            busy.ask("attendance.list", **wrong)
    with pytest.raises(ForbiddenError):
        busy.ask("attendance.list", "helper")


def test_a_day_is_one_of_the_doors_own_time_zone(tmp_path: Path) -> None:
    from zoneinfo import ZoneInfo

    from edge_face.people import Consent, Given

    midnight = 1_792_274_400.0  # 2026-10-18 00:00 in Zurich
    with Store(tmp_path / "store") as store:
        ben = store.add("Ben", Consent(Given(1.0, "x")), wall=1.0)
        store.put_record(attendance.KIND, {"wall": 0.0, "how": "x"}, ben.id)
        store.events.append_all([Entry("grant", midnight + s, ben.id, {}) for s in (-60, 60)])
        zurich, utc = (attendance.days(store, [ben.id], 0, 2e9, ZoneInfo(zone)) for zone in ("Europe/Zurich", "UTC"))
        assert len(zurich) == 2 and [row["date"] for row in utc] == ["2026-10-17"]
        with pytest.raises(AccessError, match="fewer days"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(attendance, "MOST_EVENTS", 1)
            attendance.days(store, [ben.id], 0, 2e9, None)


def test_attendance_that_is_off_lists_nobody_and_can_be_withdrawn(house: House) -> None:
    for command, arguments in (("attendance.list", {}), ("attendance.export", {}), ("attendance.consent", {"who": "Ben", "given": True})):
        with pytest.raises(ForbiddenError, match="not listed at this door"):
            house.ask(command, **arguments)
    assert house.ask("attendance.consent", who="Ben", given=False)["attendance"] is None


def test_the_latest_records_of_the_audit_log_are_paged_and_named(busy: House) -> None:
    for name in ("Benno", "Ben", "Benno", "Ben"):
        busy.ask("people.rename", who="Ben" if name == "Benno" else "Benno", name=name)
    whole = busy.ask("audit.tail", last=200)
    numbers = [row["n"] for row in whole["records"]]
    assert numbers == list(range(numbers[0], 0, -1)) and whole["before"] is None
    first = busy.ask("audit.tail", last=3)
    assert [row["n"] for row in first["records"]] == numbers[:3] and first["before"] == numbers[2]
    assert [row["n"] for row in busy.ask("audit.tail", last=3, before=first["before"])["records"]] == numbers[3:6]
    renamed = [row for row in whole["records"] if row["details"].get("what") == "people-rename"]
    assert {(row["name"], row["whom"]) for row in renamed} == {("Olga", "Ben")}
    with pytest.raises(ForbiddenError):
        busy.ask("audit.tail", "helper")
    for wrong in ({"last": 0}, {"last": 201}, {"before": 0}, {"before": "x"}):
        with pytest.raises(UsageError):
            busy.ask("audit.tail", **wrong)


def test_a_changed_audit_log_is_found(busy: House) -> None:
    verdict = busy.ask("audit.verify")
    assert verdict["ok"] and verdict["problem"] is None and verdict["records"] > 0
    file, = audit_folder(busy.settings).glob("*.log")
    until = time.monotonic() + 20.0
    while b'"k":"login"' not in file.read_bytes():  # records that opened nothing are written together, some seconds later
        assert time.monotonic() < until
        time.sleep(0.1)
    at = file.read_bytes().index(b'"k":"login"')
    with file.open("r+b") as log:
        log.seek(at)
        log.write(b'"k":"logim"')
    verdict = busy.ask("audit.verify")
    assert not verdict["ok"] and "record" in verdict["problem"]
