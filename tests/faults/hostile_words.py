"""Ways in for words and values: settings, requests, answers, schedules, records, clock, codes."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

from edge_face.access import clock_trust
from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.rights_records import calendar_of, calendar_record, rights_of, rights_record
from edge_face.access.schedule import holds_open, may_enter
from edge_face.people.records import person_of
from edge_face.service.protocol import parse_request, result_of
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides, default_text, parse_settings, to_toml

from .hostile import Granted, Try
from .mutate import VALUES, altered, as_line, mutated

PERSON = {"id": "0123456789abcdef", "name": "Ben", "state": "active", "created": 1.0e9,
          "consent": {"recognise": [1.0e9, "asked"], "show": None, "pictures": None}, "templates": []}
CALENDAR = Calendar("Europe/Zurich", {"day": (Window(frozenset({0, 1, 2, 3, 4}), 480, 1080),),
                                      "night": (Window(frozenset({5}), 1200, 300),)},
                    {"day": (Window(frozenset({6}), 600, 660),)}, {"staff": ("day", "night")}, {}, (Window(frozenset({0}), 540, 600),))
RIGHTS = Rights(("day",), ("staff",), 1.0e9, 3.0e9, 5, 1)


def settings_text(folder: Path) -> Try:
    """A settings file, bytes of it changed, every key of it set."""
    # Section by section: a parser of the whole file in each round would only take longer.
    texts = [text.encode() for text in (*to_toml(Settings()).split("\n\n"), *default_text().split("\n\n"))]

    def attempt(luck: random.Random) -> None:
        whole = b"\n".join(luck.sample(texts, luck.choice((1, 1, 2, 3))))
        text = mutated(whole, luck).decode("utf-8", "replace")
        settings = parse_settings(text, "hostile.toml")
        if parse_settings(to_toml(settings, only_changed=True)) != settings:
            raise AssertionError("settings that were taken do not come back as they were")

    return attempt


def settings_keys(folder: Path) -> Try:
    """One or two keys, each with a value of any kind."""
    keys = [(section.name, key.name, getattr(getattr(Settings(), section.name), key.name)) for section in dataclasses.fields(Settings)
            for key in dataclasses.fields(getattr(Settings(), section.name))]

    def attempt(luck: random.Random) -> None:
        changes: dict[str, Any] = {}
        for _ in range(luck.randint(1, 3)):
            section, key, default = luck.choice(keys)
            changes[f"{section}.{key}"] = luck.choice(VALUES) if luck.random() < 0.5 else altered(default, luck)
        apply_overrides(Settings(), changes, "hostile")

    return attempt


def requests(folder: Path) -> Try:
    """Lines of the control socket, as far as they are only read."""
    line = as_line({"command": "people.rename", "arguments": {"who": "Ben", "name": "Bea"}})
    return lambda luck: void(parse_request(mutated(line, luck)))


def answers(folder: Path) -> Try:
    """Lines that a false daemon would answer."""
    lines = (as_line({"ok": True, "result": {"a": [1, 2]}}), as_line({"ok": False, "error": {"kind": "PeopleError", "message": "no"}}))
    return lambda luck: void(result_of(mutated(luck.choice(lines), luck) if luck.random() < 0.5
                                       else as_line(altered(json.loads(luck.choice(lines)), luck))))


def calendars(folder: Path) -> Try:
    """Calendars and limits: whatever is taken must also be asked without harm."""
    calendar, rights = calendar_record(CALENDAR), rights_record(RIGHTS)

    def attempt(luck: random.Random) -> None:
        mad = luck.random() < 0.5
        made = calendar_of(altered(calendar, luck)) if mad else CALENDAR
        limits = rights_of(rights if mad else altered(rights, luck))
        for wall in (1.7e9, luck.uniform(-1e12, 1e12), float("nan"), float("inf")):
            holds_open(made, wall, True)
            may_enter(limits, made, wall, True)
            if limits.timed and may_enter(limits, made, wall, False).allowed:
                raise Granted("limited times with a clock that is not to be believed")

    return attempt


def people_records(folder: Path) -> Try:
    """People in an import or backup."""
    return lambda luck: void(person_of(altered(PERSON, luck)))


def clock_records(folder: Path) -> Try:
    """What was kept of the clock; a changed record must not make a clock believed that says a time before the build."""
    state = clock_trust.set_by_owner(clock_trust.ClockTrust(), 100.0, 2.0e9)
    record = clock_trust.trust_record(state, 100.0, 2.0e9, "boot")

    def attempt(luck: random.Random) -> None:
        restored = clock_trust.restored(altered(record, luck), "boot")
        _, trusted, _ = clock_trust.judge(restored, luck.uniform(0, 1e6), 1.0e9)
        if trusted:
            raise Granted("a clock that shows a time before the build date")
        clock_trust.judge(restored, luck.choice((0.0, float("nan"), -1e300, 1e18)), luck.choice((2e9, float("inf"), -1.0)))

    return attempt


def void(value: object) -> None:
    """Only whether it raises is of interest."""
