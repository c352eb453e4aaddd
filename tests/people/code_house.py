"""A store with Ben and Eve, commands on their codes, and a clock: for the tests of codes."""

from __future__ import annotations

from typing import Any

from people_fakes import BOTH, templates_like

from edge_face.access.inputs import CodeFact
from edge_face.people import Person, Store
from edge_face.people.codes import CodeBook, CodeCommands

WALL = 1_767_614_400.0


class House:
    def __init__(self, store: Store) -> None:
        self.store, self.now, self.wall, self.changes = store, 0.0, WALL, 0
        self.ben = self._add("Ben", 1)
        self.eve = self._add("Eve", 2)
        self.commands = CodeCommands(store, self._changed, wall=lambda: self.wall, monotonic=lambda: self.now)

    def run(self, command: str, **arguments: object) -> dict[str, Any]:
        return self.commands.run(command, arguments)

    def pin(self, who: str, pin: str) -> str:
        """Gives a PIN; what is keyed for it."""
        return str(self.run("codes.add", who=who, pin=pin)["number"]) + pin

    def look_up(self, text: str, factor: str = "pin", **more: Any) -> CodeFact:
        return CodeBook.build(self.store).look_up(text, factor, **more)

    def whose(self, text: str, factor: str = "pin") -> str | None:
        return self.look_up(text, factor).person

    def _add(self, name: str, seed: int) -> Person:
        return self.store.add(name, BOTH, templates_like(seed), wall=1e9)

    def _changed(self) -> None:
        self.changes += 1
