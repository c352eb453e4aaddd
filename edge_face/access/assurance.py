"""What a grant rests on: the levels of assurance as data, and which of them holds for somebody just now.

`table()` is what docs/decisions/policy.md shows; the policy obeys the same rows.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_face.access.rights import Calendar, Rights
from edge_face.access.schedule import windows_now
from edge_face.settings import ASSURANCES, Settings

STRICT = "face+code"
"""For minors, and in place of a word that cannot be understood."""
CODE_ALONE = "code"
"""For visitors, who have nothing else."""


class Use(enum.Enum):
    """What one factor by itself is good for."""

    OPENS = "opens"
    CHALLENGE = "opens after a challenge"
    CLAIMS = "names the person whose face must follow"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Level:
    """One level. `face`: a face taken for a living person; `code`: a PIN, a one-time code or a visitor's; `words`: what it promises."""

    name: str
    face: Use
    code: Use
    card: Use
    words: str

    def use(self, factor: str) -> Use:
        """Of a code or a card by its factor, as `CodeFact.factor`."""
        return self.card if factor == "card" else self.code

    @property
    def faces(self) -> bool:
        """Does a face have any part in it?"""
        return self.face is not Use.NOTHING or Use.CLAIMS in (self.code, self.card)

    @property
    def second(self) -> str:
        """What to ask for where a face is not enough: "code" or "card"."""
        return "card" if self.name in ("card", "face+card") else "code"


LEVELS: Mapping[str, Level] = {level.name: level for level in (
    Level("face", Use.OPENS, Use.OPENS, Use.OPENS,
          "a good photo or screen may open the door: passive detection is all that stands against it"),
    Level("card", Use.NOTHING, Use.OPENS, Use.OPENS, "whoever has the card, or knows a code, gets in"),
    Level("code", Use.NOTHING, Use.OPENS, Use.NOTHING, "whoever knows a code gets in"),
    Level("face+challenge", Use.CHALLENGE, Use.OPENS, Use.OPENS,
          "a face must do what it is asked for, in a random order; where that fails or is doubtful, a code or a card decides"),
    Level("face+card", Use.NOTHING, Use.CLAIMS, Use.CLAIMS, "a card or a code, and the face of the very person whose it is"),
    Level("face+code", Use.NOTHING, Use.CLAIMS, Use.NOTHING, "a code, and the face of the very person whose it is"),
)}
"""By name, from the easiest to the strictest, as in `edge_face.settings.ASSURANCES`."""


def level_of(settings: Settings) -> str:
    """The door's own level, one of `ASSURANCES`; what windows and people have in its place is not in the settings. Without a camera a card
    or a code is all that can be asked for."""
    level = settings.decision.assurance
    return level if sees(settings) or not level.startswith("face") else "card"


def sees(settings: Settings) -> bool:
    """Has it a camera?"""
    return settings.camera.source.strip().lower() != "none"


def level_named(name: str) -> Level:
    """A word that is no level is taken for the strictest."""
    return LEVELS.get(name, LEVELS[STRICT])


def strictest(names: Iterator[str]) -> Level | None:
    """None of none."""
    return max((level_named(name) for name in names), key=lambda level: ASSURANCES.index(level.name), default=None)


def door_level(door: str, calendar: Calendar, wall: float, trusted: bool) -> Level:
    """For whoever has none of their own: the strictest of the calendar's windows of now, else the door's. With a clock that may not be
    believed, the strictest of all windows and the door's. On a holiday a window makes it stricter, never easier."""
    always = level_named(door)
    if not calendar.assurance:
        return always
    now = windows_now(calendar.assurance, calendar, wall) if trusted else None
    if now is None:
        return strictest(iter((always.name, *calendar.assurance))) or always
    names, holiday = now
    return strictest(iter((*names, always.name) if holiday else names)) or always


def level_for(rights: Rights | None, door: str, calendar: Calendar, wall: float, trusted: bool, *, visitor: bool = False) -> Level:
    """What counts for one person: their own, which the owner chose; a visitor's code alone; else the door's of now, and for a minor
    another factor besides the face. Never raises."""
    if rights is not None and rights.assurance:
        return level_named(rights.assurance)
    if visitor:
        return LEVELS[CODE_ALONE]
    level = door_level(door, calendar, wall, trusted)
    if rights is not None and rights.minor and level.face is not Use.NOTHING:
        return LEVELS[STRICT]
    return level


def table() -> str:
    """A Markdown table of the levels."""
    lines = ["| level | a face alone | a code alone | a card alone | what it means |", "|---|---|---|---|---|"]
    lines += [f"| {one.name} | {one.face.value} | {one.code.value} | {one.card.value} | {one.words} |" for one in LEVELS.values()]
    return "\n".join(lines)
