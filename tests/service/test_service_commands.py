"""Who may ask a running door for what: commands that decide who gets in are for its owner."""

from __future__ import annotations

import os
from typing import Any

import pytest

from edge_face.errors import ServiceError
from edge_face.service.commands import handlers
from edge_face.service.control import Peer

OWNER, MEMBER = Peer(1, os.geteuid(), 0), Peer(1, os.geteuid() + 4000, 77)


class Desk:
    """In place of a daemon: notes what it was asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keeper: Any = self

    def adopt(self, record: object) -> None: ...

    def books(self, job: object) -> None: ...

    def command(self, name: str, arguments: object) -> dict[str, Any]:
        self.asked.append(name)
        return {}


@pytest.mark.parametrize(("name", "arguments"), [
    ("clock.set", {"wall": 1.0}), ("schedule.assurance", {"level": "face", "hours": "always"}),
    ("people.assure", {"who": "Ben", "changes": {"assurance": "face"}}), ("people.assure", {"who": "Ben", "changes": {"minor": False}}),
    ("people.assure", {"who": "Ben", "changes": {"minor": True, "guardian": "x", "assurance": "face"}}),
    ("people.assure", {"who": "Ben", "changes": {"guardian": "x"}}), ("people.assure", {"who": "Ben", "changes": ["minor"]})])
def test_what_makes_it_easier_is_for_the_owner(name: str, arguments: dict[str, Any]) -> None:
    desk = Desk()
    table = handlers(desk)  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="use sudo"):
        table[name](arguments, MEMBER)
    assert desk.asked == []
    table[name](arguments, OWNER)
    assert desk.asked == [name]


@pytest.mark.parametrize(("name", "arguments"), [
    ("people.assure", {"who": "Ben"}), ("people.assure", {"who": "Ben", "changes": None}), ("schedule.show", {}),
    ("people.assure", {"who": "Zoe", "changes": {"minor": True, "guardian": "her mother"}}), ("schedule.test", {"who": "Ben"})])
def test_looking_and_enrolling_children_is_for_everybody_who_may_ask(name: str, arguments: dict[str, Any]) -> None:
    desk = Desk()
    handlers(desk)[name](arguments, MEMBER)  # type: ignore[arg-type]
    assert desk.asked == [name]
