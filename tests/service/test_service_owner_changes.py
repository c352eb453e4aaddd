"""What a grant rests on is said in the audit log: at each start, and when the owner changes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge_face.access.rights import Calendar, Rights, Window
from edge_face.audit.record import body_of
from edge_face.service.owner_changes import at_start, change_of

ALIAS = "a" * 16
OWN: dict[str, Any] = {"assurance": "face+code", "actions": ["left", "up"], "release": 8.0, "minor": True, "guardian": "her mother, Ana"}


def test_a_start_says_what_the_door_asks_for_and_of_whom_something_else() -> None:
    calendar = Calendar(assurance={"face+card": (Window(frozenset({0}), 0, 60),)})
    rights = {"1": Rights(assurance="code"), "2": Rights(schedules=("office",)), "3": Rights(minor=True, guardian="Ana"),
              "4": Rights(uses=1)}
    records = list(at_start("face+challenge", rights, calendar, {"1": ALIAS, "3": "b" * 16}.get, 1.79e9))
    assert [(record.kind, record.subject, dict(record.details)) for record in records] == [
        ("assurance", None, {"level": "face-challenge", "hours": ("face-card",)}),
        ("assurance", ALIAS, {"level": "code", "minor": False}), ("assurance", "b" * 16, {"level": "door", "minor": True})]


def test_a_change_is_said_without_names_and_without_a_guardians_words() -> None:
    record = change_of("people.assure", {"who": "Zoe", "changes": {"minor": True}}, {"id": "1", "name": "Zoe", "own": OWN},
                       lambda who: ALIAS, 1.79e9)
    assert record is not None and record.subject == ALIAS and record.authority == "owner"
    body = body_of(1, 5.0, record)
    assert json.loads(body)["d"] == {"level": "face-code", "minor": True, "release": 8.0, "actions": ["left", "up"]}
    assert b"Zoe" not in body and b"Ana" not in body


@pytest.mark.parametrize(("command", "arguments", "answer", "details"), [
    ("schedule.assurance", {}, {"level": "face+code", "hours": "daily 22:00-06:00"}, {"level": "face-code", "never": False}),
    ("schedule.assurance", {}, {"level": "face", "hours": "never"}, {"level": "face", "never": True}),
    ("people.assure", {"who": "Zoe"}, {"id": "1", "own": OWN}, None), ("people.rename", {"who": "Zoe"}, {"id": "1"}, None)])
def test_only_changes_are_said(command: str, arguments: dict[str, Any], answer: dict[str, Any], details: dict[str, Any] | None) -> None:
    record = change_of(command, arguments, answer, lambda who: ALIAS, 1.79e9)
    assert (record and dict(record.details)) == details
