"""Whatever the web process sends, if somebody else has become it: an answer or one of our errors, never a fault, and the door goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kiosk_house import House

from edge_face.errors import EdgeFaceError
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.table import web_commands

OURS = ("people.", "codes.", "schedule.", "clock.", "events.", "attendance.", "audit.", "door.", "health", "models.", "settings.",
        "backup.")
LEFT_OUT = frozenset({"codes.present", "backup.make", "door.unlock"})
"""Wait for somebody, or for a hash that is slow on purpose."""

words = st.sampled_from(["Ben", "ben", "always", "never", "mon-fri 08:00-17:00", "face", "pin", "all", "2026-12-25", "0000", "Office",
                         "card:1", "grant", "recognise", "door.pulse", "camera.privacy_masks", ""])
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40) | words
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12) | words, inner, max_size=4),
                      max_leaves=8)


@pytest.fixture(scope="module")
def busy() -> Iterator[House]:
    made = House({"kiosk.attendance": True, "kiosk.remote_unlock": True}, people=("Ben", "Ada"))
    made.token("owner")
    yield made
    made.close()


def chosen(house: House) -> list[WebCommand]:
    return [command for command in web_commands(house.daemon) if command.name.startswith(OURS) and command.name not in LEFT_OUT]


def owner(house: House) -> Caller:
    account, = (login for login in house.daemon.accounts.all() if login.role is Role.OWNER)
    return Caller(Role.OWNER, account.id, account.name, True, "")


@settings(max_examples=150)
@given(data=st.data())
def test_no_argument_makes_a_command_fail_otherwise_than_in_a_sentence(busy: House, data: st.DataObject) -> None:
    commands = chosen(busy)
    command = data.draw(st.sampled_from(commands), label="command")
    arguments = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(command.names, values)), label="arguments")
    try:
        answer: Any = command.run(owner(busy), arguments)
    except EdgeFaceError as error:
        assert str(error)
    else:
        json.dumps(answer, allow_nan=False)


def test_the_door_is_as_well_as_before(busy: House) -> None:
    assert busy.failure is None and busy.ask("health")["status"]["troubles"] == []
    assert busy.ask("audit.verify")["ok"]
