"""Hours and moments as people write them."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.hours import EVERY_DAY, hours_text, windows_from
from edge_face.access.local_time import first_moment, local_time
from edge_face.access.moments import date_from, moment_from, moment_text
from edge_face.access.rights import Window
from edge_face.errors import AccessError

ZURICH = ZoneInfo("Europe/Zurich")
WORKDAYS = frozenset(range(5))


@pytest.mark.parametrize(("text", "windows"), [
    ("Mo-Fr 08:00-18:00, Sa 09:00-12:00", [(WORKDAYS, 480, 1080), ({5}, 540, 720)]),
    ("mo, we fr 8:00-12:00 13:00-17:30", [({0, 2, 4}, 480, 720), ({0, 2, 4}, 780, 1050)]),
    ("Friday-Mon 22:00 - 06:00", [({4, 5, 6, 0}, 1320, 360)]), ("daily 00:00-24:00", [(EVERY_DAY, 0, 1440)]),
    ("always", [(EVERY_DAY, 0, 1440)]), ("never", []), (" Su\u201323:59-00:00".replace("\u2013", " "), [({6}, 1439, 0)]),
    ("Mo\u2013Tu 08:00\u201309:00; th 10:00-10:00", [({0, 1}, 480, 540), ({3}, 600, 600)]),
])
def test_hours_that_can_be_meant(text: str, windows: list[tuple[set[int], int, int]]) -> None:
    assert windows_from(text) == tuple(Window(frozenset(days), start, end) for days, start, end in windows)


@pytest.mark.parametrize(("text", "named"), [
    ("", "missing"), (" , ", "missing"), ("Mo", "at which hours"), ("Mo 08:00-18:00, Sa", "'Sa'"), ("08:00-18:00", "which days"),
    ("Mo 08:00-25:00", "'25:00'"), ("Mo 08:60-09:00", "'08:60'"), ("Mo 24:00-08:00", "next day"), ("Mo 24:01-24:30", "'24:01'"),
    ("Mo 8-18", "no hours"), ("Mo 08:00", "no hours"), ("Mo-We-Fr 08:00-18:00", "range"), ("Mu 08:00-18:00", "'Mu' is no day"),
    ("Mo 08:00-18:00 always", "'always' is no day"), ("-Mo 08:00-09:00", "is no day"), ("x" * 5000, "4000 characters"),
    ("Mo \u0661\u0662:00-13:00", "no hours"), ("daily-Mo 01:00-02:00", "is no day"), ("Mo" + " 3:00-4:00" * 101, "not 101"),
])
def test_hours_that_cannot(text: str, named: str) -> None:
    with pytest.raises(AccessError) as refused:
        windows_from(text)
    assert named in str(refused.value)


def test_the_longest_hours_are_read_back() -> None:
    made = tuple(Window(frozenset({0, 2, 4, 6}) if n % 2 else frozenset({1, 3, 5}), 600 + n, 1300) for n in range(100))
    assert windows_from(hours_text(made)) == made


windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1440))


@given(st.lists(windows, max_size=6).map(tuple))
def test_what_is_written_is_read_back(made: tuple[Window, ...]) -> None:
    assert windows_from(hours_text(made)) == made


KNOWN = ["Mo", "su", "Fr-Mo", "daily", "always", "never", "08:00-18:00", "22:00-6:00", ",", ";", "-", "24:00-24:00", "0:00"]
words = st.one_of(st.sampled_from(KNOWN), st.text(max_size=5))


@given(st.lists(words, max_size=8).map(" ".join))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        made = windows_from(text)
    except AccessError as error:
        assert str(error)
    else:
        assert windows_from(hours_text(made)) == made


def wall(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(("text", "end", "moment"), [
    ("2026-12-24 17:30", False, "2026-12-24T17:30+01:00"), ("2026-07-01T8:05:09", False, "2026-07-01T08:05:09+02:00"),
    ("2026-12-24", False, "2026-12-24T00:00+01:00"), ("2026-12-24", True, "2026-12-25T00:00+01:00"),
    ("2026-12-24 00:00", True, "2026-12-24T00:00+01:00"), ("now", True, "2026-11-20T12:00+01:00"), ("+2h", False, "2026-11-20T14:00+01:00"),
    ("+3 d", False, "2026-11-23T12:00+01:00"), ("2026-03-29 02:30", False, "2026-03-29T03:00+02:00"),
    ("2026-10-25 02:30", False, "2026-10-25T02:30+02:00"),
])
def test_moments(text: str, end: bool, moment: str) -> None:
    assert moment_from(text, ZURICH, wall("2026-11-20T12:00+01:00"), end=end) == wall(moment)


@pytest.mark.parametrize("text", [
    "", "25:00", "2026-12-24 25:00", "2026-12-24 12:60", "2026-02-30", "24.12.2026", "tomorrow", "+2y", "-2h", "12", "0000-01-01",
    "9999-12-31", "\u0662026-12-24", "2026-12-24 12:00 Europe/Zurich", "+999999h", "x" * 500])
def test_moments_that_cannot_be(text: str) -> None:
    with pytest.raises(AccessError):
        moment_from(text, ZURICH, 0.0, end=True)
    if text != "9999-12-31":  # a date, whose end is none
        with pytest.raises(AccessError):
            date_from(text)


def test_moments_are_shown() -> None:
    assert moment_text(wall("2026-12-24T17:30+01:00"), ZURICH) == "2026-12-24 17:30"
    assert moment_text(wall("2026-12-24T17:30:05+01:00") + 0.4, ZURICH) == "2026-12-24 17:30:05"
    assert moment_text(1e300, ZURICH) == moment_text(float("nan"), None) == "a time that cannot be shown"


@given(day=st.dates(datetime.date(1990, 1, 1), datetime.date(2035, 1, 1)), minute=st.integers(0, 1439),
       zone=st.sampled_from(["Europe/Zurich", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"]))
def test_the_first_moment_that_shows_a_time_or_a_later_one(day: datetime.date, minute: int, zone: str) -> None:
    tz = ZoneInfo(zone)
    moment = first_moment(datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60)), tz)
    assert local_time(moment, tz) >= (day.toordinal(), minute) > local_time(moment - 1, tz)


@pytest.mark.parametrize("text", ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T02:59", "2026-10-25T02:00", "2026-10-25T02:30"])
def test_the_first_moment_in_nights_of_the_change(text: str) -> None:
    shown = datetime.datetime.fromisoformat(text)
    moment = first_moment(shown, ZURICH)
    assert local_time(moment, ZURICH) >= (shown.toordinal(), shown.hour * 60 + shown.minute) > local_time(moment - 1, ZURICH)
