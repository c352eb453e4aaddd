"""`edge-face schedule`: who may enter when."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = ("Says who may enter when: hours with a name, groups, holidays, hours in which the door stands open, limits of people, and "
               "visitors with a code. Whoever has no limits may enter at any time. HOURS are written as Mo-Fr 08:00-18:00, Sa 09:00-12:00, "
               "or always, or never; a TIME as 2026-12-24 17:30, 2026-12-24, now or +2h (m, h, d, w).")
EXAMPLES = """
  edge-face schedule set office Mo-Fr 08:00-18:00, Sa 09:00-12:00
  edge-face schedule set "night = Mo-Fr 22:00-06:00"      until the next morning
  edge-face schedule set office --on-holidays 10:00-12:00 daily hours on holidays (else never)
  edge-face schedule group staff office night             whoever is in it may enter in any of these
  edge-face schedule person Ben --schedule office --until 2026-12-31
  edge-face schedule person Ben --until any               lifts that limit; --unlimited lifts all
  edge-face schedule holiday 2026-12-24 2027-01-02 --name "winter break"
  edge-face schedule hold-open Mo-Fr 09:00-11:30          the door stands open to everybody
  edge-face schedule assurance face+code Mo-Fr 22:00-06:00    in these hours a code is asked for besides the face
  edge-face schedule visitor add plumber --since "2026-12-01 08:00" --until "2026-12-01 18:00"
  edge-face schedule test Ben --at "2026-12-24 17:30"     may Ben enter then, and why?
  edge-face schedule show
"""
VISIT = 7 * 86_400.0
"""A visitor's code that nobody limits in time is valid for a week."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, within: Any = actions, *, common: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = within.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if common:
            add_common(made)
        return made

    action("show", "show hours, groups, holidays, whose entry is limited, and visitors")
    define = action("set", "define or change hours with a name")
    define.add_argument("hours", metavar="NAME HOURS", nargs="+", help="as office Mo-Fr 08:00-18:00, Sa 09:00-12:00")
    define.add_argument("--on-holidays", metavar="HOURS", help="hours that count on holidays instead (never, unless said)")
    action("remove", "remove hours or a group by name").add_argument("name", metavar="NAME", help="as 'show' lists it")
    group = action("group", "define a group: its people may enter within any of these hours")
    group.add_argument("name", metavar="NAME", help="name of the group")
    group.add_argument("schedules", metavar="SCHEDULE", nargs="+", help="names of hours")
    holiday = action("holiday", "make holidays of a day or a range of days, or ordinary days of holidays")
    holiday.add_argument("first", metavar="DATE", help="as 2026-12-25")
    holiday.add_argument("last", metavar="LAST", nargs="?", help="the last day of a range")
    holiday.add_argument("--name", metavar="NAME", default="", help="what is celebrated")
    holiday.add_argument("--remove", action="store_true", help="these days are no holidays any more")
    holding = action("hold-open", "set the hours in which the door stands open to everybody (never: not at all)")
    holding.add_argument("hours", metavar="HOURS", nargs="+", help="as Mo-Fr 09:00-11:30; holidays are left out")
    assurance = action("assurance", "set the hours in which a grant rests on another level, or list them (never: no such hours)")
    assurance.add_argument("level", metavar="LEVEL", nargs="?", help="face, face+challenge, face+code, face+card, code or card")
    assurance.add_argument("hours", metavar="HOURS", nargs="*", help="as Mo-Fr 22:00-06:00")
    person = action("person", "show or set the limits of a person; what is not named stays")
    person.add_argument("who", metavar="WHO", help="name or id")
    _limits(person)
    person.add_argument("--unlimited", action="store_true", help="any time: lifts all limits")
    visitor = action("visitor", "give a visitor a code for some entries, or take it away", common=False)
    kinds = visitor.add_subparsers(dest="kind", metavar="add|remove|clear", required=True)
    add = action("add", "make a code for a visitor and print it this once", kinds)
    add.add_argument("label", metavar="LABEL", help="what the visitor is called here")
    add.add_argument("--uses", metavar="N", default="1", help="entries in all (1, unless said; any: as many as wanted)")
    add.add_argument("--digits", metavar="N", type=int, default=6, help="digits of the code (6)")
    _limits(add)
    action("remove", "take a visitor's code away", kinds).add_argument("label", metavar="LABEL", help="label or id")
    action("clear", "remove all visitors whose entries or time are over", kinds)
    action("reset", "drop hours, groups and holidays when they are damaged")
    test = action("test", "say whether a person or visitor may enter, now or at another time, and why")
    test.add_argument("who", metavar="WHO", help="name or id of a person, or a visitor's label")
    test.add_argument("--at", metavar="TIME", help="as '2026-12-24 17:30' (now, unless said)")


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--schedule", metavar="NAME", action="append", help="only within these hours (again for more; any: lifts it)")
    parser.add_argument("--group", metavar="NAME", action="append", help="only within this group's hours (again for more; any: lifts it)")
    parser.add_argument("--since", metavar="TIME", help="not before (any: lifts it)")
    parser.add_argument("--until", metavar="TIME", help="no more after; a date counts in full (any: lifts it)")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    return _ACTIONS[args.action](args, load_settings(args.config))


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.schedule_page import page
    from edge_face.cli.schedule_store import open_schedules

    with open_schedules(settings, writing=False) as call:
        answer = call("schedule.show")
    if args.json:
        _print_json(answer)
    else:
        print(page(answer))
    return 1 if answer["damaged"] else 0


def _set(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.errors import UsageError

    text = " ".join(args.hours)
    name, equals, hours = (part.strip() for part in text.partition("="))
    if not equals:
        name, hours = args.hours[0].strip(), " ".join(args.hours[1:])
    if not name or (equals and not hours):
        raise UsageError("a name and hours: office Mo-Fr 08:00-18:00")
    if not hours and args.on_holidays is None:
        raise UsageError(f"at which hours? edge-face schedule set {name} Mo-Fr 08:00-18:00, Sa 09:00-12:00")
    special = args.on_holidays
    if special is not None and special.strip()[:1].isdigit():
        special = f"daily {special}"
    answer = _call(settings, "schedule.set", create=True, name=name, hours=hours or None, on_holidays=special)
    return _said(args, answer, f"{answer['name']}: {answer['hours']}; on holidays {answer['on_holidays']}")


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    answer = _call(settings, "schedule.remove", name=args.name)
    return _said(args, answer, f"{answer['removed']} is removed")


def _reset(args: argparse.Namespace, settings: Settings) -> int:
    return _said(args, _call(settings, "schedule.reset"), "hours, groups and holidays are dropped: set them anew")


def _group(args: argparse.Namespace, settings: Settings) -> int:
    answer = _call(settings, "schedule.group", create=True, name=args.name, schedules=args.schedules)
    return _said(args, answer, f"whoever is in {answer['name']} may enter within {', '.join(answer['schedules'])}")


def _holiday(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.errors import UsageError

    if args.remove:
        if args.name:
            raise UsageError("--name goes with a new holiday, not with --remove")
        answer = _call(settings, "schedule.workday", first=args.first, last=args.last)
        return _said(args, answer, f"no holiday any more: {_days(answer['removed'])}")
    answer = _call(settings, "schedule.holiday", create=True, first=args.first, last=args.last, name=args.name)
    return _said(args, answer, f"holiday: {_days(answer['days'])} {answer['name']}".rstrip())


def _hold_open(args: argparse.Namespace, settings: Settings) -> int:
    answer = _call(settings, "schedule.hold_open", create=True, hours=" ".join(args.hours))
    never = answer["hold_open"] == "never"
    return _said(args, answer, "the door never stands open by the clock" if never else
                 f"the door stands open to everybody: {answer['hold_open']} (not on holidays)")


def _assurance(args: argparse.Namespace, settings: Settings) -> int:
    import sys

    from edge_face.access.assurance import level_named
    from edge_face.cli.schedule_page import assurance_lines
    from edge_face.cli.schedule_store import open_schedules
    from edge_face.errors import UsageError
    from edge_face.service.assurance import missing_factor

    if args.level is None:
        with open_schedules(settings, writing=False) as call:
            answer = call("schedule.show")["assurance"]
        return _said(args, answer, "\n".join(assurance_lines(answer)))
    if not args.hours:
        raise UsageError(f"at which hours? edge-face schedule assurance {args.level} Mo-Fr 22:00-06:00, or never")
    answer = _call(settings, "schedule.assurance", create=True, level=args.level, hours=" ".join(args.hours))
    never, level = answer["hours"] == "never", answer["level"]
    code = _said(args, answer, f"no hours have {level} any more" if never else f"{answer['hours']}: {level}, {level_named(level).words}")
    if not never and (missing := missing_factor(level, settings)):
        print(f"warning: {missing}", file=sys.stderr)
    return code


def _person(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.schedule_page import limits_text
    from edge_face.cli.schedule_store import open_schedules
    from edge_face.errors import UsageError

    changes = _changes(args, settings)
    if args.unlimited:
        if changes:
            raise UsageError("--unlimited lifts all limits: nothing else goes with it")
        changes = {"schedules": None, "groups": None, "since": None, "until": None}
    with open_schedules(settings, writing=bool(changes)) as call:
        answer = call("schedule.person", who=args.who, changes=changes or None)
        clock = call("clock.show")
    code = _said(args, answer, f"{answer['name']} may enter: {limits_text(answer, settings.access.timezone)}")
    _warn(answer, clock)
    return code


def _visitor(args: argparse.Namespace, settings: Settings) -> int:
    import sys

    from edge_face.cli.schedule_page import limits_text
    from edge_face.cli.schedule_store import open_schedules

    if args.kind == "remove":
        answer = _call(settings, "schedule.visitor_remove", who=args.label)
        return _said(args, answer, f"{answer['label'] or answer['removed']}: the code opens nothing any more")
    if args.kind == "clear":
        answer = _call(settings, "schedule.visitor_clear")
        count = len(answer["removed"])
        return _said(args, answer, f"{count} {'visitor' if count == 1 else 'visitors'} removed")
    changes = _changes(args, settings)
    if "until" not in changes:
        changes["until"] = _default_end(changes.get("since"))
    uses = _uses(args.uses)
    with open_schedules(settings, writing=True, create=True) as call:
        answer = call("schedule.visitor", label=args.label, uses=uses, changes=changes, digits=args.digits)
        clock = call("clock.show")
    if args.json:
        _print_json(answer)
    else:
        print(answer["pin"])
        print(f"this is shown only now. {answer['label']} may enter: {limits_text(answer, settings.access.timezone)}", file=sys.stderr)
    _warn(answer, clock)
    return 0


def _warn(answer: Any, clock: Any) -> None:
    """Whoever is limited in time should know when that cannot work now."""
    import sys

    from edge_face.access.schedule import rights_of

    if not clock["trusted"] and not answer.get("damaged") and rights_of(answer["limits"]).timed:
        print(f"warning: nobody with such limits is let in now: {clock['why']} (edge-face clock set)", file=sys.stderr)


def _default_end(since: float | None) -> float:
    import time

    from edge_face.build_date import BUILD_DATE
    from edge_face.errors import AccessError

    now = time.time()
    if now < BUILD_DATE:
        raise AccessError("the clock was never set, so that a code for a week from now cannot be made: sudo edge-face clock set, or "
                          "--until any")
    return (max(now, since or now) + VISIT) // 60 * 60


def _test(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.access.moments import moment_text
    from edge_face.cli.schedule_page import limits_text
    from edge_face.cli.schedule_store import open_schedules

    at = None if args.at is None else _moment(args.at, settings)
    with open_schedules(settings, writing=False) as call:
        answer = call("schedule.test", who=args.who, at=at)
    if args.json:
        _print_json(answer)
        return 0 if answer["allowed"] else 1
    when = "now" if at is None else f"at {moment_text(answer['at'], zone(settings))}"
    if answer["state"] == "suspended":
        why = "suspended: edge-face people activate"
    elif answer["damaged"]:
        why = f"the limits are damaged: edge-face schedule person {answer['id']} --unlimited, then set them anew"
    else:
        why = answer["reason"]["text"] if answer["reason"] else "no limit stands against it"
    print(f"{answer['name']} {'may' if answer['allowed'] else 'may not'} enter {when}: {why}")
    print(f"  limits       {limits_text(answer, settings.access.timezone)}")
    asked = answer["assurance"]
    print(f"  asked for    {asked['level']}: {asked['words']} ({asked['why']})")
    if answer["open_to_all"]:
        print("  hold-open    the door stands open to everybody then")
    if at is None and not answer["clock"]["trusted"]:
        print(f"  clock        {answer['clock']['why']}")
    return 0 if answer["allowed"] else 1


def _changes(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """What was given on the command line; None lifts a limit."""
    from edge_face.errors import UsageError

    changes: dict[str, Any] = {}
    for key, values in (("schedules", args.schedule), ("groups", args.group)):
        if values is not None:
            lifted = [value for value in values if value.casefold() == "any"]
            if lifted and len(values) > 1:
                raise UsageError("'any' lifts the limit: no other name goes with it")
            changes[key] = None if lifted else values
    for key, text in (("since", args.since), ("until", args.until)):
        if text is not None:
            changes[key] = None if text.strip().casefold() == "any" else _moment(text, settings, end=key == "until")
    return changes


def _moment(text: str, settings: Settings, *, end: bool = False) -> float:
    import time

    from edge_face.access.moments import moment_from

    return moment_from(text, zone(settings), time.time(), end=end)


def zone(settings: Settings) -> Any:
    """The time zone of the settings, None for the system's. Raises AccessError."""
    from edge_face.access.local_time import UnknownZoneError, zone_of
    from edge_face.errors import AccessError

    try:
        return zone_of(settings.access.timezone)
    except UnknownZoneError as error:
        raise AccessError(f"{error}: set [access] timezone to a name as Europe/Zurich, or sudo apt install tzdata") from error


def _uses(text: str) -> int | None:
    from edge_face.errors import UsageError

    if text.casefold() == "any":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10_000:
        raise UsageError(f"--uses {text[:20]}: a whole number from 1 to 10000, or any")
    return int(text)


def _days(days: list[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"


def _call(settings: Settings, command: str, *, create: bool = False, **arguments: Any) -> Any:
    from edge_face.cli.schedule_store import open_schedules

    with open_schedules(settings, writing=True, create=create) as call:
        return call(command, **arguments)


def _said(args: argparse.Namespace, answer: Any, text: str) -> int:
    if args.json:
        _print_json(answer)
    else:
        print(text)
    return 0


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "show": _show, "set": _set, "remove": _remove, "reset": _reset, "group": _group, "holiday": _holiday, "hold-open": _hold_open,
    "assurance": _assurance, "person": _person, "visitor": _visitor, "test": _test,
}
