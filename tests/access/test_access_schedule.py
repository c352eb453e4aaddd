"""Who may enter when: one rule after the other."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

import pytest

from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.schedule import holds_open, may_enter

ZURICH = ZoneInfo("Europe/Zurich")
WORKDAYS = frozenset(range(5))
EVERY = frozenset(range(7))


def at(text: str, fold: int = 0) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZURICH, fold=fold).timestamp()


def calendar(*windows: Window, **more: object) -> Calendar:
    return Calendar("Europe/Zurich", {"office": windows}, **more)  # type: ignore[arg-type]


OFFICE = calendar(Window(WORKDAYS, 480, 1080), Window(frozenset({5}), 540, 720))
CLERK = Rights(("office",))


def code(rights: Rights | None, times: Calendar, wall: float, trusted: bool = True) -> tuple[bool, str | None]:
    verdict = may_enter(rights, times, wall, trusted)
    return verdict.allowed, verdict.reason.code if verdict.reason else None


@pytest.mark.parametrize("text,allowed", [
    ("2026-11-20 08:00", True), ("2026-11-20 07:59:59", False), ("2026-11-20 17:59:59", True), ("2026-11-20 18:00", False),
    ("2026-11-21 08:30", False), ("2026-11-21 09:00", True), ("2026-11-21 12:00", False), ("2026-11-22 10:00", False),
])
def test_weekly_windows(text: str, allowed: bool) -> None:
    assert code(CLERK, OFFICE, at(text)) == (allowed, "in-hours" if allowed else "outside-hours")


def test_without_limits_any_time_and_any_clock() -> None:
    for rights in (None, Rights(), Rights(uses=1)):
        for wall in (0.0, math.nan, math.inf, -1e300, at("2026-11-20 08:00")):
            for trusted in (True, False):
                assert code(rights, Calendar("Nowhere/At_all"), wall, trusted) == (True, None)


def test_an_untrusted_clock_closes_what_is_limited_in_time() -> None:
    inside = at("2026-11-20 10:00")
    for rights in (CLERK, Rights(groups=("staff",)), Rights(since=0.0), Rights(until=inside + 1)):
        assert code(rights, OFFICE, inside, trusted=False) == (False, "clock-untrusted")


def test_since_and_until() -> None:
    limited = Rights(since=1000.0, until=2000.0)
    assert [code(limited, OFFICE, wall) for wall in (999.9, 1000.0, 1999.9, 2000.0)] == \
        [(False, "too-early"), (True, None), (True, None), (False, "expired")]
    both = Rights(("office",), until=at("2026-11-20 12:00"))
    assert code(both, OFFICE, at("2026-11-20 11:59")) == (True, "in-hours")
    assert code(both, OFFICE, at("2026-11-20 12:00")) == (False, "expired")


def test_uses() -> None:
    assert code(Rights(uses=2, used=1), OFFICE, math.nan, trusted=False) == (True, None)
    assert code(Rights(uses=2, used=2), OFFICE, 0.0) == (False, "used-up")
    assert code(Rights(("office",), uses=2, used=3), OFFICE, at("2026-11-20 10:00")) == (False, "used-up")


def test_groups_bring_their_schedules() -> None:
    times = Calendar("Europe/Zurich", {"day": (Window(EVERY, 480, 1080),), "night": (Window(EVERY, 1200, 1260),)},
                     groups={"staff": ("day",), "guards": ("day", "night"), "nobody": ()})
    morning, night = at("2026-11-20 09:00"), at("2026-11-20 20:30")
    assert code(Rights(groups=("staff",)), times, morning) == (True, "in-hours")
    assert code(Rights(groups=("staff",)), times, night) == (False, "outside-hours")
    assert code(Rights(groups=("guards",)), times, night) == (True, "in-hours")
    assert code(Rights(("night",), ("staff",)), times, morning) == (True, "in-hours")
    assert code(Rights(groups=("nobody",)), times, morning) == (False, "no-schedule")


def test_what_is_not_defined_lets_in_nobody() -> None:
    morning = at("2026-11-20 09:00")
    for rights in (Rights(("gone",)), Rights(groups=("gone",))):
        verdict = may_enter(rights, OFFICE, morning, True)
        assert not verdict.allowed and verdict.reason is not None and verdict.reason.values["missing"] == ("gone",)
    assert code(Rights(("gone", "office")), OFFICE, morning) == (True, "in-hours")
    assert code(Rights(("empty",)), Calendar("", {"empty": ()}), morning) == (False, "outside-hours")
    for zone in ("Nowhere/At_all", "../etc/passwd", "Europe", "/etc/localtime", "\0", "Zürich"):
        assert code(CLERK, Calendar(zone, OFFICE.schedules), morning) == (False, "no-zone")
        assert not holds_open(Calendar(zone, hold_open=(Window(EVERY, 0, 1440),)), morning, True)


@pytest.mark.parametrize("wall", [math.nan, math.inf, -math.inf, 1e18, -1e18, 1e300, -62_135_596_800.0, 253_402_300_800.0])
def test_a_clock_without_a_time(wall: float) -> None:
    assert code(CLERK, OFFICE, wall) == (False, "clock-odd")
    assert not holds_open(Calendar("Europe/Zurich", hold_open=(Window(EVERY, 0, 1440),)), wall, True)


def test_limits_that_are_no_numbers_limit() -> None:
    assert not may_enter(Rights(since=math.nan), OFFICE, 1e9, True).allowed
    assert not may_enter(Rights(until=math.nan), OFFICE, 1e9, True).allowed
    for odd in (Rights(since="soon"), Rights(schedules=None, groups=("a",)), Rights(uses="many"), Rights(("office",), used=None, uses=1)):  # type: ignore[arg-type]
        assert code(odd, OFFICE, 1e9) == (False, "odd-rights")
    assert code(CLERK, Calendar("", {"office": (None,)}), 1e9) == (False, "odd-rights")  # type: ignore[dict-item]


def test_over_midnight() -> None:
    guard = calendar(Window(frozenset({4}), 1320, 360))  # Friday 22:00 to Saturday 06:00
    for text, allowed in (("2026-11-20 05:00", False), ("2026-11-20 21:59", False), ("2026-11-20 22:00", True), ("2026-11-21 00:00", True),
                          ("2026-11-21 05:59", True), ("2026-11-21 06:00", False), ("2026-11-21 22:00", False)):
        assert may_enter(CLERK, guard, at(text), True).allowed is allowed, text
    whole = calendar(Window(frozenset({4}), 600, 600))  # from Friday 10:00 for a whole day
    edges = ("2026-11-20 09:59", "2026-11-20 10:00", "2026-11-21 09:59", "2026-11-21 10:00")
    assert [may_enter(CLERK, whole, at(text), True).allowed for text in edges] == [False, True, True, False]
    day = calendar(Window(frozenset({4}), 0, 1440))
    edges = ("2026-11-19 23:59", "2026-11-20 00:00", "2026-11-20 23:59", "2026-11-21 00:00")
    assert [may_enter(CLERK, day, at(text), True).allowed for text in edges] == [False, True, True, False]


def test_holidays() -> None:
    friday = datetime.date(2026, 12, 25)
    times = calendar(Window(EVERY, 480, 1080), Window(EVERY, 1320, 360), on_holidays={"office": (Window(EVERY, 600, 660),)},
                     holidays={friday: "Christmas"}, hold_open=(Window(EVERY, 480, 1080), Window(EVERY, 1320, 360)))
    answers = {text: (may_enter(CLERK, times, at(text), True).allowed, holds_open(times, at(text), True)) for text in (
        "2026-12-24 09:00", "2026-12-25 05:00", "2026-12-25 09:00", "2026-12-25 10:30", "2026-12-25 23:00", "2026-12-26 05:00",
        "2026-12-26 23:00")}
    assert answers == {
        "2026-12-24 09:00": (True, True), "2026-12-25 05:00": (True, True),  # the night that began on the eve runs to its end
        "2026-12-25 09:00": (False, False), "2026-12-25 10:30": (True, False), "2026-12-25 23:00": (False, False),
        "2026-12-26 05:00": (False, False), "2026-12-26 23:00": (True, True)}
    verdict = may_enter(CLERK, times, at("2026-12-25 09:00"), True)
    assert verdict.reason is not None and "holiday" in verdict.reason.text


def test_the_clock_goes_forward() -> None:
    """Zurich, 29 March 2026: 01:59:59 is followed by 03:00."""
    begins_in_gap = calendar(Window(EVERY, 150, 240))
    assert not may_enter(CLERK, begins_in_gap, at("2026-03-29 01:59:59"), True).allowed
    assert may_enter(CLERK, begins_in_gap, at("2026-03-29 03:00"), True).allowed
    inside_gap = calendar(Window(EVERY, 130, 170))
    assert not any(may_enter(CLERK, inside_gap, at("2026-03-29 01:00") + 60 * m, True).allowed for m in range(180))
    ends_in_gap = calendar(Window(EVERY, 60, 150))
    assert may_enter(CLERK, ends_in_gap, at("2026-03-29 01:59:59"), True).allowed
    assert not may_enter(CLERK, ends_in_gap, at("2026-03-29 03:00"), True).allowed


def test_the_clock_goes_back() -> None:
    """Zurich, 25 October 2026: 02:00 to 03:00 comes twice. The first one counts, and lasts until the clock goes on."""
    begins_twice = calendar(Window(EVERY, 150, 240))
    hours = [("2026-10-25 02:29", 0, False), ("2026-10-25 02:30", 0, True), ("2026-10-25 02:00", 1, True), ("2026-10-25 02:29", 1, True),
             ("2026-10-25 03:59", 0, True), ("2026-10-25 04:00", 0, False)]
    assert [may_enter(CLERK, begins_twice, at(text, fold), True).allowed for text, fold, _ in hours] == [allowed for *_, allowed in hours]
    ends_twice = calendar(Window(EVERY, 60, 150))
    assert may_enter(CLERK, ends_twice, at("2026-10-25 02:29"), True).allowed
    for text, fold in (("2026-10-25 02:30", 0), ("2026-10-25 02:00", 1), ("2026-10-25 02:29", 1)):
        assert not may_enter(CLERK, ends_twice, at(text, fold), True).allowed


def test_hold_open() -> None:
    times = Calendar("Europe/Zurich", hold_open=(Window(WORKDAYS, 480, 720),))
    assert holds_open(times, at("2026-11-20 08:00"), True) and not holds_open(times, at("2026-11-20 12:00"), True)
    assert not holds_open(times, at("2026-11-20 08:00"), False) and not holds_open(Calendar(), at("2026-11-20 08:00"), True)


def test_reasons_name_nobody() -> None:
    verdict = may_enter(CLERK, OFFICE, at("2026-11-22 10:00"), True)
    assert verdict.reason is not None and verdict.reason.text == "outside the hours of 'office'"
    assert verdict.reason.values == {"schedules": ("office",)}
