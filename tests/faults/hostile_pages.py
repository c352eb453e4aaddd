"""The way in through the pages: their socket, asked by nobody, by a viewer and by a helper, as a web process that was broken into could."""

from __future__ import annotations

import json
import random
from pathlib import Path

from edge_face.service.control import ControlSocket, Peer
from edge_face.service.web.roles import Role
from edge_face.service.web.table import web_commands, web_handlers

from .hostile import Crashed, Granted, Try
from .hostile_door import Attempt, Door
from .mutate import VALUES, altered, as_line, mutated

PASSPHRASE = "seven walls around a small door"
USUAL = {"who": "Ben", "name": "Eve", "passphrase": PASSPHRASE, "text": "001990937", "code": "ABCD-EFGH-JKMN", "seconds": 1.0,
         "limit": 5, "last": 5, "secret": "x" * 43, "id": "x" * 22, "consent": ["recognise"], "width": 64, "height": 48, "pixels": "AAAA",
         "wait": 0.0, "after": 0}
"""Arguments as somebody who means well gives them."""


def pages(folder: Path) -> Try:
    """Every command of the pages with changed arguments, and lines that are none. The settings let nobody open the door from a page."""
    door = Door(folder)
    daemon = door.daemon
    accounts = {role: daemon.accounts.add(role.name.title(), role.name.lower(), PASSPHRASE).id for role in (Role.VIEWER, Role.HELPER)}
    tokens = dict.fromkeys((Role.NOBODY, *accounts), "")
    commands = web_commands(daemon)
    socket, peer = ControlSocket(folder / "unused-pages", web_handlers(daemon, commands)), Peer(1, 4242, 4242)

    def attempt(luck: random.Random) -> None:
        command, role = luck.choice(commands), luck.choice([*tokens])
        if role in accounts and daemon.sessions.find(tokens[role]) is None:
            tokens[role] = daemon.sessions.begin(accounts[role])
        usual = {name: USUAL.get(name, luck.choice(VALUES)) for name in command.names}
        changed = altered(usual, luck)
        arguments = {**changed, "token": tokens[role]} if isinstance(changed, dict) else changed
        request = {"command": command.name, "arguments": arguments}
        line = mutated(as_line(request), luck) if luck.random() < 0.2 else as_line(request)
        answer = json.loads(socket.answer(line, peer))
        if not isinstance(answer.get("ok"), bool):
            raise Crashed(f"no answer: {answer}")
        if "the daemon met" in answer.get("error", {}).get("message", ""):
            raise Crashed(f"{command.name}: {answer['error']['message']}")
        if answer["ok"] and command.role > role and json.loads(line).get("command") == command.name:
            raise Granted(f"{command.name}, which is for {command.role.name.lower()}, was done for {role.name.lower()}")
        door.judge()

    return Attempt(attempt, door.close)
