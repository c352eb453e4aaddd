"""What `edge-face schedule show` prints: hours as a table of the week, limits in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from edge_face.access.hours import DAYS, clock_text, windows_from
from edge_face.access.local_time import DAY_MINUTES, UnknownZoneError, zone_of
from edge_face.access.moments import date_from, moment_text
from edge_face.access.rights import Window


def page(answer: Mapping[str, Any]) -> str:
    """Of what "schedule.show" answers."""
    zone, lines = answer["zone"], [f"times are those of {answer['zone'] or 'the system'}"]
    tables = {name: entry["hours"] for name, entry in answer["schedules"].items()}
    tables |= {f"{name}, on holidays": entry["on_holidays"] for name, entry in answer["schedules"].items()
               if entry["on_holidays"] != "never"}
    if answer["hold_open"] != "never":
        tables["the door stands open"] = answer["hold_open"]
    lines += ["", *week(dict(sorted(tables.items())))] if tables else ["", "no hours are defined: edge-face schedule set NAME HOURS"]
    lines += ["", *assurance_lines(answer["assurance"])]
    lines += _section("groups", [f"{name}: {', '.join(names)}" for name, names in answer["groups"].items()])
    lines += _section("holidays", list(_holidays(answer["holidays"])))
    lines += _section("people with limits", [f"{person['name']}: {limits_text(person, zone)}{_own(person)}" for person in answer["people"]])
    lines += _section("visitors", [f"{guest['label']} ({guest['id']}): {'over; ' if guest['over'] else ''}{limits_text(guest, zone)}"
                                   for guest in answer["visitors"]])
    lines += _section("damaged, let in by nothing", [f"{entry['id'] or 'a record of the door'}: {entry['problem']}"
                                                     for entry in answer["damaged"]])
    clock = answer["clock"]
    lines += ["", f"clock: {moment_text(clock['wall'], _zone(zone))}, {clock['why']}" +
              ("" if clock["trusted"] else ". Whoever has limited times is not let in: edge-face clock set")]
    return "\n".join(lines)


def assurance_lines(asked: Mapping[str, Any]) -> list[str]:
    """What is asked for now, and in which hours what else."""
    lines = [f"asked for now: {asked['level']}, {asked['words']} ({asked['why']})"]
    return lines + [f"  {hours}: {level}" for level, hours in asked["hours"].items()]


def own_text(own: Mapping[str, Any]) -> str:
    """What is asked of one person in place of the door's; empty: nothing."""
    parts = [str(own["assurance"])] if own.get("assurance") else []
    if own.get("actions"):
        parts.append(f"a challenge of {', '.join(own['actions'])}")
    if own.get("release") is not None:
        parts.append(f"the door stays released for {own['release']:g} s")
    if own.get("minor"):
        parts.append(f"under 16, a guardian agreed ({own['guardian']})" if own.get("guardian") else "under 16")
    return "; ".join(parts)


def _own(person: Mapping[str, Any]) -> str:
    text = "" if person.get("damaged") else own_text(person["limits"])
    return f"; {text}" if text else ""


def week(tables: Mapping[str, str]) -> Iterator[str]:
    """Rows of names and cells of days; a day with several windows takes several lines."""
    cells = {name: [day_cells(windows_from(hours), day) for day in range(7)] for name, hours in tables.items()}
    first = max(map(len, cells))
    widths = [max(2, *(len(text) for row in cells.values() for text in row[day])) for day in range(7)]
    yield "  ".join([" " * first, *(f"{day:<{width}}" for day, width in zip(DAYS, widths, strict=True))]).rstrip()
    for name, days in cells.items():
        for line in range(max(1, *map(len, days))):
            shown = [f"{days[day][line] if line < len(days[day]) else '':<{widths[day]}}" for day in range(7)]
            yield "  ".join([f"{name if line == 0 else '':<{first}}", *shown]).rstrip()


def day_cells(windows: Sequence[Window], day: int) -> list[str]:
    """The windows that begin on a day, by their beginning; "+" marks an end on the next day, "-" a day without any."""
    mine = sorted({(window.start, window.end) for window in windows if day in window.days})
    return [f"{clock_text(start)}-{clock_text(end)}{'' if end > start else '+'}" if (start, end) != (0, DAY_MINUTES) else "all day"
            for start, end in mine] or ["-"]


def limits_text(entry: Mapping[str, Any], zone: str) -> str:
    """"at any time", or all limits with commas between."""
    if entry.get("damaged"):
        return "never: the limits are damaged"
    limits, parts = entry["limits"], []
    if limits["schedules"] or limits["groups"]:
        parts.append("within " + " or ".join([*limits["schedules"], *(f"the hours of {name}" for name in limits["groups"])]))
    if limits["since"] is not None:
        parts.append(f"since {moment_text(limits['since'], _zone(zone))}")
    if limits["until"] is not None:
        shown = moment_text(limits["until"], _zone(zone))
        if shown.endswith(" 00:00"):  # said as it was given: until a day means that it counts in full
            shown = f"the end of {moment_text(limits['until'] - 1, _zone(zone))[:10]}"
        parts.append(f"until {shown}")
    if limits["uses"] is not None:
        left = max(0, limits["uses"] - limits["used"])
        parts.append(f"{left} of {limits['uses']} {'entry' if limits['uses'] == 1 else 'entries'} left")
    return ", ".join(parts) if parts else "at any time"


def _holidays(days: Mapping[str, str]) -> Iterator[str]:
    """Days in a row with the same name are one line."""
    counted = enumerate((date_from(day), name) for day, name in sorted(days.items()))
    for (_, name), run in groupby(counted, lambda item: (item[1][0].toordinal() - item[0], item[1][1])):
        dates = [day for _, (day, _) in run]
        span = dates[0].isoformat() if len(dates) == 1 else f"{dates[0].isoformat()} to {dates[-1].isoformat()}"
        yield f"{span}  {name}".rstrip()


def _section(title: str, rows: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []


def _zone(name: str) -> Any:
    try:
        return zone_of(name)
    except UnknownZoneError:
        return None
