"""Schedules against a slow reference that lives through the years minute by minute, as somebody who watches the clock would."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.schedule import calendar_of, calendar_record, holds_open, may_enter, rights_of, rights_record
from edge_face.errors import AccessError

CHANGES = [
    ("Europe/Zurich", "2026-03-29", "2026-10-25"), ("America/New_York", "2025-03-09", "2025-11-02"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05"),  # half an hour
    ("America/Havana", "2026-03-08", "2026-11-01"),  # at midnight
    ("America/Sao_Paulo", "2018-11-04", "2018-02-18"),  # midnight does not exist; 23:00 of the day before comes twice
    ("Africa/Casablanca", "2026-03-22", "2026-02-15"), ("Pacific/Apia", "2011-12-30", "2011-04-02"),  # a day that never was
    ("Asia/Kathmandu", "2026-01-01", "1986-01-01"), ("Antarctica/Troll", "2026-03-29", "2026-10-25"),  # two hours
]
DAY = 1440
days = st.frozensets(st.integers(0, 6), min_size=1)
minutes = st.one_of(st.integers(0, DAY - 1), st.sampled_from([0, 1, 59, 60, 90, 119, 120, 121, 150, 179, 180, 181, 1380, 1410, 1439]))
windows = st.builds(Window, days, minutes, st.one_of(minutes, st.just(DAY)))
lists = st.lists(windows, max_size=3).map(tuple)


def watched(zone: str, first: datetime.date, last: datetime.date) -> Iterator[tuple[float, datetime.datetime]]:
    """Every minute in truth, and the latest reading that the clock has shown so far."""
    tz = ZoneInfo(zone)
    # Two days earlier: a clock that is put back has shown something before.
    wall = int(datetime.datetime(first.year, first.month, first.day, tzinfo=tz).timestamp()) - 2 * 86_400
    wall -= wall % 60
    end = datetime.datetime(last.year, last.month, last.day, tzinfo=tz).timestamp() + 86_400
    latest = datetime.datetime.min
    start = wall + 2 * 86_400
    while wall < end:
        latest = max(latest, datetime.datetime.fromtimestamp(wall, tz).replace(tzinfo=None))
        if wall >= start:
            yield wall, latest
        wall += 60


def reference(windows: tuple[Window, ...], on_holidays: tuple[Window, ...], holidays: set[datetime.date],
              latest: datetime.datetime) -> bool:
    """A window runs from the first moment that shows its start, or later, to the first that shows its end, or later."""
    for back in range(4):
        day = latest.date() - datetime.timedelta(days=back)
        for window in on_holidays if day in holidays else windows:
            if day.weekday() not in window.days:
                continue
            midnight = datetime.datetime.combine(day, datetime.time())
            start = midnight + datetime.timedelta(minutes=window.start)
            end = midnight + datetime.timedelta(minutes=window.end, days=int(window.end <= window.start))
            if start <= latest < end:
                return True
    return False


@settings(max_examples=30, deadline=None)
@given(change=st.sampled_from([(zone, day) for zone, *both in CHANGES for day in both]), regular=lists, special=lists,
       off=st.sets(st.integers(-2, 2), max_size=2), seconds=st.integers(0, 59))
def test_around_every_change(change: tuple[str, str], regular: tuple[Window, ...], special: tuple[Window, ...], off: set[int],
                             seconds: int) -> None:
    zone, text = change
    day = datetime.date.fromisoformat(text)
    holidays = {day + datetime.timedelta(days=n): "holiday" for n in off}
    calendar = Calendar(zone, {"s": regular}, {"s": special}, holidays=holidays, hold_open=regular)
    for wall, latest in watched(zone, day - datetime.timedelta(days=1), day + datetime.timedelta(days=1)):
        expected = reference(regular, special, set(holidays), latest)
        assert may_enter(Rights(("s",)), calendar, wall + seconds, True).allowed is expected, (latest, wall)
        assert holds_open(calendar, wall + seconds, True) is reference(regular, (), set(holidays), latest), (latest, wall)


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/Havana"])
def test_two_years(zone: str) -> None:
    """Every minute of the nights in which clocks change, and every 17th of the rest (a step that meets every minute of the hour)."""
    tz = ZoneInfo(zone)
    regular = (Window(frozenset(range(5)), 480, 1080), Window(frozenset({4, 5}), 1320, 150), Window(frozenset({6}), 135, 170))
    holidays = {datetime.date(2025, 12, 25): "", datetime.date(2026, 10, 25): "", datetime.date(2026, 3, 29): ""}
    special = (Window(frozenset(range(7)), 600, 660),)
    calendar = Calendar(zone, {"s": regular}, {"s": special}, holidays=holidays)
    wall = int(datetime.datetime(2025, 1, 1, tzinfo=tz).timestamp())
    end = int(datetime.datetime(2027, 1, 1, tzinfo=tz).timestamp())
    latest, wrong, opened = datetime.datetime.min, [], 0
    while wall < end:
        latest = max(latest, datetime.datetime.fromtimestamp(wall, tz).replace(tzinfo=None))
        expected = reference(regular, special, set(holidays), latest)
        opened += expected
        if may_enter(Rights(("s",)), calendar, wall, True).allowed is not expected:
            wrong.append(latest)
        wall += 60 if latest.weekday() in (5, 6) and latest.month in (3, 4, 10, 11) and latest.hour in (22, 23, 0, 1, 2, 3) else 60 * 17
    assert wrong == [] and opened > 10_000


@settings(max_examples=150)
@given(wall=st.floats(), trusted=st.booleans(), zone=st.one_of(st.text(max_size=10), st.sampled_from(["", "UTC", "Europe/Zurich"])),
       schedules=st.lists(st.sampled_from(["s", "gone"]), max_size=2), groups=st.lists(st.sampled_from(["g", "none"]), max_size=2),
       since=st.one_of(st.none(), st.floats()), until=st.one_of(st.none(), st.floats()), uses=st.one_of(st.none(), st.integers()),
       used=st.integers(), regular=lists)
def test_never_raises_and_never_opens_without_a_trusted_clock(wall: float, trusted: bool, zone: str, schedules: list[str],
        groups: list[str], since: float | None, until: float | None, uses: int | None, used: int, regular: tuple[Window, ...]) -> None:
    rights = Rights(tuple(schedules), tuple(groups), since, until, uses, used)
    calendar = Calendar(zone, {"s": regular}, groups={"g": ("s",)}, hold_open=regular)
    verdict = may_enter(rights, calendar, wall, trusted)
    holds_open(calendar, wall, trusted)
    assert verdict.allowed or verdict.reason is not None
    if rights.timed and not trusted:
        assert not verdict.allowed
    if uses is not None and used >= uses:
        assert not verdict.allowed
    if not rights.timed and (uses is None or 0 <= used < uses):
        assert verdict.allowed


labels = st.text("abcdefghä 19-", min_size=1, max_size=12).map(lambda t: " ".join(t.split())).filter(lambda t: t and not t.startswith("-"))
names = st.lists(labels, max_size=3, unique=True).map(tuple)
rights_made = st.builds(Rights, names, names, st.one_of(st.none(), st.floats(0, 1e9)), st.one_of(st.none(), st.floats(2e9, 3e9)),
                        st.one_of(st.none(), st.integers(1, 99)), st.integers(0, 99))
calendars = st.builds(Calendar, st.sampled_from(["", "UTC", "Europe/Zurich"]), st.dictionaries(labels, lists, max_size=3),
                      st.dictionaries(labels, lists, max_size=2), st.dictionaries(labels, names, max_size=2),
                      st.dictionaries(st.dates(), labels, max_size=4), lists)


@given(rights=rights_made, calendar=calendars)
def test_records_come_back_from_json(rights: Rights, calendar: Calendar) -> None:
    assert rights_of(json.loads(json.dumps(rights_record(rights)))) == rights
    assert calendar_of(json.loads(json.dumps(calendar_record(calendar)))) == calendar


json_values = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
                           lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)))
FIELDS = st.sampled_from(["zone", "schedules", "on_holidays", "groups", "holidays", "hold_open", "since", "until", "uses", "used"])


@settings(max_examples=200)
@given(value=st.one_of(json_values, st.dictionaries(FIELDS, json_values, max_size=4)))
def test_any_value_is_read_or_refused_in_words(value: object) -> None:
    for read, write in ((rights_of, rights_record), (calendar_of, calendar_record)):
        try:
            made = read(value)
        except AccessError as error:
            assert str(error)
        else:
            assert read(write(made)) == made  # type: ignore[arg-type]


@pytest.mark.parametrize("record", [
    {"until": 5, "since": 5}, {"uses": 0}, {"uses": True}, {"used": -1}, {"schedules": ["a=b"]}, {"schedules": "office"}, {"colour": 1},
    {"since": float("nan")}, {"until": "tomorrow"}, [], None, {"groups": [""]}, {"schedules": ["-a"]}, {"schedules": ["x" * 65]},
])
def test_rights_that_cannot_be(record: object) -> None:
    with pytest.raises(AccessError):
        rights_of(record)


@pytest.mark.parametrize("record", [
    {"zone": "Nowhere/At_all"}, {"zone": 1}, {"holidays": {"2026-02-30": ""}}, {"holidays": {"20261225": ""}}, {"holidays": ["2026-12-25"]},
    {"schedules": {"a": [[[], 0, 60]]}}, {"schedules": {"a": [[[7], 0, 60]]}}, {"schedules": {"a": [[[0], 1440, 60]]}},
    {"schedules": {"a": [[[0], 0, 1441]]}}, {"hold_open": [[[0], 0]]}, {"hold_open": None}, {"later": {}}, {"schedules": {"": []}},
])
def test_calendars_that_cannot_be(record: object) -> None:
    with pytest.raises(AccessError):
        calendar_of(record)
