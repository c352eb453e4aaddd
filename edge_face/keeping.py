"""What a room keeps: each room of the house declares its own in a module `keeps` (`KEEPS`), and `edge_face.minimisation` makes the one
table of them that `edge-face privacy report` shows and the tests hold against the disk.

An address says where a thing lies: `store:people.db*` (a file below the store's folder, with wild cards; likewise `audit:`, `kiosk:`,
`etc:`, and `preview:`, `key:`, `board:` for single files), `table:person`, `record:pin` (a kind of sealed record), `meta:ring` (a row of
the table meta).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edge_face.settings import Settings


class Whose(StrEnum):
    """Of whom a thing tells."""

    PEOPLE = "who is enrolled"
    VISITORS = "visitors with a code"
    OWNERS = "owners of the pages"
    ANYBODY = "whoever came to the door"
    NOBODY = "nobody"


PERSON_GONE = "until the person is erased"
HOUSE = "as long as the door is used"


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept. `what`, `why`: in plain words. `shut`: what keeps others from reading it. `until`: how long, as text in which
    `{section.key}` is a setting. `erased`: what becomes of it when a person is erased. `asked`: is it kept with these settings at all?"""

    name: str
    what: str
    whose: Whose
    why: str
    where: tuple[str, ...]
    shut: str
    until: str
    erased: str
    asked: Callable[[Settings], bool] = lambda settings: True

    def lasts(self, settings: Settings) -> str:
        """How long, with the settings' own numbers."""
        return self.until.format_map(_Sections(settings))


class _Sections(dict[str, object]):
    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def __missing__(self, name: str) -> object:
        return getattr(self._settings, name)
