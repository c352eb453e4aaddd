"""Every command of the pages, against everybody who may not run it: a new command cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_house import PASSPHRASE, WebHouse

from edge_face.errors import EdgeFaceError, ForbiddenError, FreshNeededError, LoginNeededError, UsageError
from edge_face.service.protocol import answer_line
from edge_face.service.web import table
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.sessions import FRESH
from edge_face.service.web.table import caller_of, insist, run_for, web_commands, web_handlers

ROLES = {"viewer": Role.VIEWER, "helper": Role.HELPER, "owner": Role.OWNER}
MUST_BE_FRESH = {"people.forget", "accounts.add", "accounts.remove", "accounts.role", "accounts.logout", "accounts.passphrase",
                 "session.end_others", "settings.save", "daemon.restart", "backup.make", "backup.restore", "pending.approve", "door.test"}
"""What the issue and the contract name; as far as these commands are there."""
FOR_ANYBODY = {"session.who", "session.claim", "session.login", "session.logout", "kiosk.state", "kiosk.picture", "kiosk.code",
               "kiosk.notice", "settings.public", "metrics.read"}
"""Whoever adds to these says why here: the way to a login, and what the page beside the door shows and takes from whoever stands there.
metrics.read refuses by itself whoever has neither a login nor the key of the numbers (test_web_metrics.py)."""


ENDING = {"session.logout", "session.claim", "session.login", "session.fresh", "session.end_others", "accounts.logout", "daemon.restart",
          "door.lockdown"}
"""End the login that these tests use, or the daemon."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    house = WebHouse(tmp_path_factory.mktemp("house"))
    yield house
    house.stop()


@pytest.fixture(scope="module")
def tokens(house: WebHouse) -> dict[str, str]:
    return house.everybody()


@pytest.fixture(scope="module")
def commands(house: WebHouse) -> tuple[WebCommand, ...]:
    return web_commands(house.daemon)


@pytest.fixture
def ran(house: WebHouse, commands: tuple[WebCommand, ...]) -> list[str]:
    """The names of commands that ran: none of what is refused may."""
    return []


def watched(command: WebCommand, ran: list[str]) -> WebCommand:
    def run(caller: Caller, arguments: Any) -> Any:
        ran.append(command.name)
        return {}

    return WebCommand(command.name, command.role, run, command.names, command.fresh)


def test_the_socket_has_these_commands_and_none_of_the_console(house: WebHouse, commands: tuple[WebCommand, ...]) -> None:
    names = {command.name for command in commands}
    assert names == set(web_handlers(house.daemon)) and len(names) == len(commands)
    for command in ("stop", "status", "why", "door.pulse", "service.maintain", "owner.reset", "kiosk.claim", "clock.set_anything"):
        with pytest.raises(UsageError, match="no command"):
            house.web.call(command)


def test_nobody_may_no_more_than_is_listed(commands: tuple[WebCommand, ...]) -> None:
    """Except for whom a link was made, and whoever has the link: its secret is an argument."""
    open_to_all = [command for command in commands if command.role is Role.NOBODY and command.name not in FOR_ANYBODY]
    assert [command.name for command in open_to_all if not command.name.startswith(("invite.", "lasting."))] == []
    assert [command.name for command in open_to_all if "secret" not in command.names] == []


def test_a_link_without_its_secret_opens_nothing(house: WebHouse, tokens: dict[str, str], commands: tuple[WebCommand, ...]) -> None:
    for command in (command for command in commands if command.role is Role.NOBODY and command.name not in FOR_ANYBODY):
        for secret in ("", "A" * 43, "0" * 16 + "A" * 43, "../x", None, 7, ["A" * 43]):
            with pytest.raises(EdgeFaceError) as caught:
                house.web.call(command.name, token=tokens["owner"], **dict.fromkeys(command.names, "x") | {"secret": secret})
            assert "met " not in str(caught.value), (command.name, secret, str(caught.value))


def test_what_does_harm_asks_for_the_passphrase_again(commands: tuple[WebCommand, ...]) -> None:
    assert {command.name for command in commands if command.name in MUST_BE_FRESH and not command.fresh} == set()


def test_without_a_login_nothing_runs(house: WebHouse, commands: tuple[WebCommand, ...], ran: list[str]) -> None:
    for command in commands:
        if command.role is not Role.NOBODY:
            for token in ("", "made-up", "\x00"):
                with pytest.raises(LoginNeededError):
                    run_for(house.daemon, watched(command, ran), {"token": token, "surprise": 1})
    assert ran == []


def test_without_a_login_nothing_runs_through_the_socket_either(house: WebHouse, commands: tuple[WebCommand, ...]) -> None:
    for command in commands:
        if command.role is not Role.NOBODY:
            with pytest.raises(LoginNeededError):
                house.web.call(command.name)


def test_a_lesser_role_is_refused(house: WebHouse, tokens: dict[str, str], commands: tuple[WebCommand, ...], ran: list[str]) -> None:
    for command in commands:
        for role, token in tokens.items():
            if ROLES[role] < command.role:
                with pytest.raises(ForbiddenError, match=f"logged in as {role}"):
                    house.web.call(command.name, token=token)
                with pytest.raises(ForbiddenError):
                    run_for(house.daemon, watched(command, ran), {"token": token})
    assert ran == []


def test_the_right_role_gets_through(house: WebHouse, tokens: dict[str, str], commands: tuple[WebCommand, ...], ran: list[str]) -> None:
    allowed = [(command, token) for command in commands for role, token in tokens.items() if ROLES[role] >= command.role]
    for command, token in allowed:
        run_for(house.daemon, watched(command, ran), {"token": token})
    assert ran == [command.name for command, _ in allowed] and len(ran) > len(commands)


def test_an_argument_that_is_not_there_is_refused(house: WebHouse, tokens: dict[str, str], commands: tuple[WebCommand, ...],
                                                  ran: list[str]) -> None:
    for command in commands:
        with pytest.raises(UsageError, match="there is no argument 'surprise' here"):
            run_for(house.daemon, watched(command, ran), {"token": tokens["owner"], "surprise": 1})
    assert ran == []


def test_a_session_that_has_ended_is_refused(tmp_path: Path, ran: list[str]) -> None:
    house = WebHouse(tmp_path)
    token = house.claimed()
    for end in ("logged out", "idle", "another store"):
        if end == "logged out":
            house.web.call("session.logout", token=token)
        elif end == "idle":
            house.later(house.settings.kiosk.session_idle * 60 + 1)
        else:
            house.daemon.accounts.reread()
        for command in web_commands(house.daemon):
            if command.role is not Role.NOBODY:
                with pytest.raises(LoginNeededError):
                    run_for(house.daemon, watched(command, ran), {"token": token})
        token = house.web.call("session.login", name="Olga", passphrase="four random words now")["token"]
    house.stop()
    assert ran == []


def test_a_stale_passphrase_is_refused(tmp_path: Path, ran: list[str]) -> None:
    house = WebHouse(tmp_path)
    tokens = house.everybody()
    commands = web_commands(house.daemon)
    house.later(FRESH + 1)
    for command in (command for command in commands if command.fresh):
        for role, token in tokens.items():
            if ROLES[role] >= command.role:
                with pytest.raises(FreshNeededError):
                    run_for(house.daemon, watched(command, ran), {"token": token})
    assert ran == []
    house.stop()


def test_odd_arguments_of_every_command_are_errors_of_ours(house: WebHouse, tokens: dict[str, str],
                                                           commands: tuple[WebCommand, ...]) -> None:
    """Never the daemon's "it met TypeError while it did that"."""
    for command in commands:
        if command.name in ENDING:
            continue
        for odd in (0.1, [], {"a": [None]}, "\x00", True):
            try:
                house.web.call(command.name, token=tokens["owner"], **dict.fromkeys(command.names, odd))
            except EdgeFaceError as error:
                assert "met " not in str(error), (command.name, odd, str(error))


SOON = {"wait": 0.0, "seconds": 0.1}
"""Arguments that make a command wait or a door open: not for long."""
ANY = st.recursive(st.none() | st.booleans() | st.integers(-5, 1 << 70) | st.floats() | st.text(max_size=30) | st.sampled_from(
    ["Vera", "owner", "viewer", "2026-11-21", "08:00-12:00", "481516", "4" * 17, "camera.source", "pin", "all", PASSPHRASE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3), max_leaves=6)


@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_arguments_are_carried_out_or_refused_in_one_sentence(house: WebHouse, tokens: dict[str, str], commands: tuple[WebCommand, ...],
                                                                  data: st.DataObject) -> None:
    known = [command for command in commands if command.name not in ENDING]
    command = data.draw(st.sampled_from(known))
    names = data.draw(st.sets(st.sampled_from(command.names))) if command.names else ()
    arguments = {name: SOON.get(name, data.draw(ANY)) for name in sorted(names)}
    try:
        answer = run_for(house.daemon, command, {"token": tokens["owner"], **arguments})
    except EdgeFaceError as error:
        assert str(error).strip() and "\n" not in str(error).strip()
    else:
        answer_line(answer)


def test_two_commands_of_one_name_are_a_mistake(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "COMMAND_MODULES", ("accounts_commands", "accounts_commands"))
    with pytest.raises(ValueError, match="two commands of the pages are called"):
        web_commands(house.daemon)


def test_who_is_gone_is_nobody(house: WebHouse, tokens: dict[str, str]) -> None:
    assert caller_of(house.daemon, tokens["helper"]).role is Role.HELPER
    token = house.daemon.sessions.begin("f" * 16)
    assert caller_of(house.daemon, token) == Caller(Role.NOBODY)
    assert house.daemon.sessions.find(token) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HELPER, Role.OWNER])
@pytest.mark.parametrize("least", [Role.NOBODY, Role.VIEWER, Role.HELPER, Role.OWNER])
def test_roles_contain_one_another(role: Role, least: Role) -> None:
    command = WebCommand("x.y", least, lambda caller, arguments: None)
    if role < least:
        with pytest.raises(ForbiddenError):
            insist(command, Caller(role, "a"))
    else:
        insist(command, Caller(role, "a"))
