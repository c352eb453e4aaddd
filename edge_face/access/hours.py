"""Hours as people write them, "Mo-Fr 08:00-18:00, Sa 09:00-12:00", to windows and back. Strict: what could be meant in two ways
is refused.

    hours: "always" | "never" | (day... time...)...     commas, semicolons and blanks all separate
    day:   Mo | Monday | Fr-Mo | daily
    time:  08:00-18:00 | 22:00-06:00 (until the next morning) | 00:00-24:00
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from edge_face.access.local_time import DAY_MINUTES
from edge_face.access.rights import Window
from edge_face.errors import AccessError

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
EXAMPLE = "Mo-Fr 08:00-18:00, Sa 09:00-12:00"
EVERY_DAY = frozenset(range(7))
LONGEST = 4000
MOST = 100
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def windows_from(text: str) -> tuple[Window, ...]:
    """Raises AccessError, which names the word that cannot be meant."""
    if len(text) > LONGEST:
        raise AccessError(f"hours have at most {LONGEST} characters, as {EXAMPLE}")
    words = re.sub(r"\s*[-\u2013]\s*", "-", text).replace(",", " ").replace(";", " ").split()
    if [word.casefold() for word in words] == ["never"]:
        return ()
    if [word.casefold() for word in words] == ["always"]:
        return (Window(EVERY_DAY, 0, DAY_MINUTES),)
    if not words:
        raise AccessError(f"hours are missing: they are written as {EXAMPLE}, or always, or never")
    windows: list[Window] = []
    days: set[int] = set()
    timed = True
    for word in words:
        if word[0].isdigit():
            if not days:
                raise AccessError(f"'{_shown(word)}': on which days? Hours are written as {EXAMPLE}, or daily {_shown(word)}")
            windows.append(Window(frozenset(days), *_times(word)))
            timed = True
            continue
        if timed:
            days, timed = set(), False
        days |= _days(word)
    if not timed:
        raise AccessError(f"'{_shown(words[-1])}': at which hours? They are written as {EXAMPLE}")
    if len(windows) > MOST:
        raise AccessError(f"there may be {MOST} of them, not {len(windows)}")
    return tuple(windows)


def hours_text(windows: Sequence[Window]) -> str:
    """What `windows_from` reads back as the same windows."""
    if not windows:
        return "never"
    parts: list[str] = []
    before: frozenset[int] | None = None
    for window in windows:
        times = f"{clock_text(window.start)}-{clock_text(window.end)}"
        if window.days == before:
            parts[-1] += f" {times}"
        else:
            parts.append(f"{days_text(window.days)} {times}")
        before = window.days
    return ", ".join(parts)


def clock_text(minute: int) -> str:
    """480 as "08:00"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days_text(days: frozenset[int]) -> str:
    """{0, 1, 2, 4} as "Mo-We,Fr"."""
    if days == EVERY_DAY:
        return "daily"
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _days(word: str) -> set[int]:
    if word.casefold() == "daily":
        return set(EVERY_DAY)
    ends = [_day(part, word) for part in word.split("-")]
    if len(ends) > 2:
        raise AccessError(f"'{_shown(word)}' is no day nor a range of days: there are {', '.join(DAYS)}, as in Mo-Fr")
    first, last = ends[0], ends[-1]
    return {(first + step) % 7 for step in range((last - first) % 7 + 1)}


def _day(part: str, word: str) -> int:
    plain = part.casefold()
    for number, full in enumerate(_FULL):
        if plain in (full, full[:3], full[:2]):
            return number
    raise AccessError(f"'{_shown(word)}' is no day: there are {', '.join(DAYS)}, ranges as Mo-Fr, and daily")


def _times(word: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(word) if word.isascii() else None
    if found is None:
        raise AccessError(f"'{_shown(word)}' are no hours: they are written as 08:00-18:00")
    (start, end) = (_minute(*found.group(1, 2)), _minute(*found.group(3, 4)))
    if start == DAY_MINUTES:
        raise AccessError(f"'{_shown(word)}' begins at 24:00: that is 00:00 of the next day")
    return start, end


def _minute(hours: str, minutes: str) -> int:
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > DAY_MINUTES:
        raise AccessError(f"'{hours}:{minutes}' is no time of day: there are 00:00 to 24:00")
    return minute


def _shown(word: str) -> str:
    return ascii(word[:40])[1:-1]
