"""When somebody may enter: weekly windows, groups, holidays, validity, uses. What the owner writes down, as plain values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Window:
    """Every week on `days` (0 is Monday) from `start` to `end`, minutes after local midnight; an `end` that is not after
    `start` lies on the next day."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rights:
    """Limits of one person or visitor. `schedules`: names of schedules of the calendar, in any of which entry is allowed;
    `groups`: groups whose schedules count too; with neither, any hour. `since`, `until`: wall seconds. `uses`: how many
    entries in all, of which `used` are gone; None: any number. `Rights()` limits nothing.

    `assurance`: one of `edge_face.settings.ASSURANCES` in place of the door's, "" for the door's. `actions`: those of a challenge
    that this person is asked for, () for the door's. `release`: seconds for which the door is released, None for the door's. `minor`:
    under 16; `guardian` then says how a guardian agreed."""

    schedules: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    uses: int | None = None
    used: int = 0
    assurance: str = ""
    actions: tuple[str, ...] = ()
    release: float | None = None
    minor: bool = False
    guardian: str = ""

    @property
    def timed(self) -> bool:
        """Does the wall clock matter for them?"""
        return bool(self.schedules or self.groups or self.since is not None or self.until is not None)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The door's own times. `zone`: an IANA name, empty: the system's. `schedules`: windows by name; `groups`: schedules by
    group. On a `holiday` a schedule counts only through its windows in `on_holidays`. `hold_open`: windows in which the door stays
    released (none on holidays). `assurance`: windows in which grants rest on something else than what the door asks for otherwise."""

    zone: str = ""
    schedules: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    on_holidays: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holidays: Mapping[datetime.date, str] = field(default_factory=dict)
    hold_open: tuple[Window, ...] = ()
    assurance: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
