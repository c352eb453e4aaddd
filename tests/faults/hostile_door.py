"""Ways in at a running door: its control socket, its card reader and keypad, and the facts of its policy."""

from __future__ import annotations

import json
import math
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from edge_face.access import CodeFact, Contact, Facts, Inputs, PolicyRules, PolicyState, step
from edge_face.access.clock_trust import ClockSigns
from edge_face.access.outcomes import Authority
from edge_face.door.code_entry import CodeEntry
from edge_face.door.mock import EdgeRecorder
from edge_face.door.wiegand import WiegandDecoder, frame_bits
from edge_face.people import Store, code_hash
from edge_face.people.codes import CodeBook, CodeCommands
from edge_face.service.commands import handlers
from edge_face.service.control import ControlSocket, Peer
from edge_face.service.daemon import Daemon
from edge_face.service.senses import ClockKeeper
from edge_face.settings import (
    ASSURANCES,
    AuditSettings,
    CameraSettings,
    DoorSettings,
    InputSettings,
    ServiceSettings,
    Settings,
    StoreSettings,
)

from .hostile import Crashed, Granted, Try
from .hostile_words import CALENDAR, PERSON, RIGHTS
from .mutate import VALUES, altered, as_line, mutated
from .store_worker import CONSENT, templates

LOCK = "GPIO17"
CARD, PIN = (17, 4242), "990937"
REQUESTS: tuple[dict[str, Any], ...] = tuple({"command": command, "arguments": arguments} for command, arguments in (
    ("status", {}), ("events", {"last": 5}), ("why", {"event": 1}), ("settings.show", {}), ("door.status", {}),
    ("door.pulse", {"seconds": 1.0}), ("door.secure", {}),
    ("door.lockdown", {}), ("door.lift", {}), ("door.quiet", {}), ("stop", {}), ("service.maintain", {}),
    ("sealed.opened", {"what": "picture", "key": "00" * 8, "visible": "00" * 32, "opened": 1, "faces": 2}),
    ("people.list", {}), ("people.show", {"who": "Ben"}), ("people.rename", {"who": "Ben", "name": "Ben"}),
    ("people.suspend", {"who": "Ben"}), ("people.activate", {"who": "Ben"}), ("people.consent", {"who": "Ben", "give": ["show"]}),
    ("people.forget", {"who": "nobody"}), ("people.export", {"who": "Ben", "after": ""}), ("people.import", {"people": [PERSON]}),
    ("people.alike", {"templates": [], "who": "Ben"}),
    ("people.enroll", {"name": "Eve", "templates": [], "again": False}), ("people.pictures", {"who": "Ben"}),
    ("schedule.show", {}), ("schedule.set", {"name": "day", "hours": "mon-fri 08:00-18:00"}), ("schedule.remove", {"name": "day"}),
    ("schedule.group", {"name": "staff", "schedules": ["day"]}),
    ("schedule.holiday", {"first": "2026-12-25", "name": "Christmas"}), ("schedule.workday", {"first": "2026-12-25"}),
    ("schedule.hold_open", {"hours": "never"}), ("schedule.person", {"who": "Ben", "changes": {"until": 2.0e9}}),
    ("schedule.visitor", {"label": "Guest", "uses": 1}), ("schedule.visitor_remove", {"who": "Guest"}), ("schedule.test", {"who": "Ben"}),
    ("codes.list", {}), ("codes.test", {"who": "Ben", "pin": "000000"}), ("codes.remove", {"who": "Ben", "what": "pin"}),
    ("codes.who", {"who": "Ben"}), ("clock.show", {}), ("clock.set", {"wall": 2.0e9})))


class Door:
    """A daemon without a camera in this process. Whoever asks here is a member of its group, not its owner."""

    def __init__(self, folder: Path) -> None:
        with Store(folder / "store") as store:
            for name in ("Ada", "Ben"):
                store.add(name, CONSENT, templates(random.Random(1), 1), wall=1.0e9)
            CodeCommands(store).run("codes.add", {"who": "Ada", "pin": PIN})
        settings = Settings(camera=CameraSettings(source="none"), door=DoorSettings(exit_pin="GPIO27", lock_pin=LOCK),
                            inputs=InputSettings(wiegand_d0="GPIO23", wiegand_d1="GPIO24"), audit=AuditSettings(reserve=0),
                            store=StoreSettings(folder=str(folder / "store")), service=ServiceSettings(socket=str(folder / "sock")))
        self.pins = EdgeRecorder()
        self.daemon = Daemon(settings, pins=self.pins, keeper=ClockKeeper(lambda: ClockSigns(kernel=True)))
        self.socket = folder / "sock"
        self.ended: list[object] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 30.0
        while not (self.daemon.parts.control is not None and self.socket.exists() and self.daemon.roster is not None):
            if time.monotonic() > until or not self._thread.is_alive():
                raise RuntimeError(f"the door did not start: {self.ended}")
            time.sleep(0.01)

    def _run(self) -> None:
        try:
            self.ended.append(self.daemon.run())
        except BaseException as error:
            self.ended.append(error)

    def judge(self) -> None:
        """It lives, and its lock has never moved."""
        if not self._thread.is_alive():
            raise Crashed(f"the door has ended: {self.ended}")
        if any(edge.pin == LOCK and edge.level == 1 for edge in list(self.pins.edges)):
            raise Granted("the lock was released")

    def close(self) -> None:
        self.daemon.stop()
        self._thread.join(30.0)


class Attempt:
    """A function with an end."""

    def __init__(self, attempt: Try, close: Callable[[], None]) -> None:
        self._attempt, self.close = attempt, close

    def __call__(self, luck: random.Random) -> None:
        self._attempt(luck)


def commands(folder: Path) -> Try:
    """Every command of the daemon with changed arguments, asked by somebody who may ask and is not the owner."""
    door = Door(folder)
    control = ControlSocket(folder / "unused", handlers(door.daemon))
    peer = Peer(1, 4242, 4242)

    def attempt(luck: random.Random) -> None:
        request = luck.choice(REQUESTS)
        if luck.random() < 0.3:
            line = mutated(as_line(request), luck)
        else:
            line = as_line({**request, "arguments": altered(request["arguments"], luck)})
        answer = json.loads(control.answer(line, peer))
        if not isinstance(answer.get("ok"), bool):
            raise Crashed(f"no answer: {answer}")
        message = answer.get("error", {}).get("message", "")
        if "the daemon met" in message:
            raise Crashed(f"{request['command']}: {message}")
        if answer["ok"] and request["command"] in ("door.pulse", "door.secure", "door.lockdown", "door.lift", "stop", "clock.set") and (
                json.loads(line).get("command") == request["command"]):
            raise Granted(f"{request['command']} was done for somebody who is not the owner")
        door.judge()

    return Attempt(attempt, door.close)


def connections(folder: Path) -> Try:
    """Bytes on the socket itself: half requests, many requests, nothing, ends in the middle of everything."""
    door = Door(folder)
    lines = [as_line(request) + b"\n" for request in REQUESTS if not str(request["command"]).startswith(("door.p", "stop"))]

    def attempt(luck: random.Random) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(20.0)
            channel.connect(str(door.socket))
            sent = b"".join(line if luck.random() < 0.3 else mutated(line, luck) for line in luck.choices(lines, k=luck.randint(1, 3)))
            try:
                channel.sendall(sent[:luck.randint(0, len(sent))] if luck.random() < 0.4 else sent)
                if luck.random() < 0.5:
                    channel.shutdown(socket.SHUT_WR)
                    while channel.recv(1 << 16):
                        pass
            except (BrokenPipeError, ConnectionResetError):
                pass  # it hung up on us: an answer too
        door.judge()

    return Attempt(attempt, door.close)


def readers(folder: Path) -> Try:
    """Pulses of a card reader and keys of a keypad: none but the very card and the very code are somebody's."""
    with Store(folder / "store") as store:
        store.add("Ada", CONSENT, templates(random.Random(1), 1), wall=1.0e9)
        CodeCommands(store).run("codes.add", {"who": "Ada", "card": f"{CARD[0]:03d}{CARD[1]:05d}"})
        # What is keyed is mutated here, a million times, and no hash attacked.
        with patch.object(code_hash, "MEMORY_KIB", 8):
            keyed = str(CodeCommands(store).run("codes.add", {"who": "Ada", "pin": PIN})["number"]) + PIN
            book = CodeBook.build(store)
    right = frame_bits(*CARD)

    def attempt(luck: random.Random) -> None:
        bits = list(right)
        for _ in range(luck.randint(1, 4)):
            place = luck.randrange(len(bits) + 1)
            bits[place:place + luck.choice((0, 1, 1))] = [] if luck.random() < 0.2 else [luck.randrange(2)]
        decoder, now = WiegandDecoder(), luck.choice((0.0, -1e9, 1e12))
        for bit in bits:
            now += luck.choice((0.002, 0.002, 0.01, 0.05, -0.001, 0.0))
            card = decoder.feed(bit, now)
            if card is not None and book.look_up(card.text, "card").person is not None and bits[:len(right)] != right:
                raise Granted(f"bits {bits}")
        entry, at, typed = CodeEntry(5.0), 0.0, ""
        for _ in range(luck.randint(1, 40)):
            key = luck.choice("0123456789*#ABCD")
            at += luck.choice((0.1, 0.5, 6.0))
            code = entry.press(key, at)
            typed += key
            if code is not None and book.look_up(code, "pin").person is not None and keyed not in typed:
                raise Granted(f"keys {typed}")
        odd = ("", PIN, f"{keyed}0", f"0{keyed}", f"{keyed[:3]}0{PIN}", f"{keyed[:-1]} {keyed[-1]}", f"{keyed}\0",
               keyed[:3] + "\u0664\u0668\u0661\u0665\u0661\u0666")
        for text in (str(luck.choice(VALUES)), luck.choice(odd)):
            if any(book.look_up(text, factor).person is not None for factor in ("pin", "visitor", "", "card")):
                raise Granted(f"text {text!r}")

    return attempt


def policy_facts(folder: Path) -> Try:
    """Facts that cannot be: times that are no numbers, clocks that run anyhow, strangers' codes. No authority but the exit button and
    fire comes of them."""
    rules = PolicyRules.from_settings(Settings(camera=CameraSettings(source="none")), {"p": RIGHTS}, CALENDAR)
    mad = (0.0, -1.0, 1e18, math.nan, math.inf, -math.inf, 1e-320, 5e9)
    state = [PolicyState()]

    def attempt(luck: random.Random) -> None:
        if luck.random() < 0.02:
            state[0] = PolicyState()
        now = luck.choice(mad) if luck.random() < 0.2 else luck.uniform(0, 1e5)
        wall = luck.choice(mad)
        sight = Facts(luck.choice((now, *mad)), wall, luck.choice((None, ())), healthy=luck.random() < 0.5) if luck.random() < 0.5 else None
        inputs = Inputs(now, wall, luck.random() < 0.5, sight, luck.random() < 0.1, luck.choice((None, Contact.OPEN, Contact.CLOSED)),
                        luck.random() < 0.05, luck.random() < 0.1, luck.random() < 0.5,
                        tuple(CodeFact(luck.choice(("pin", "card", "visitor", "")), None) for _ in range(luck.choice((0, 0, 1, 50)))))
        state[0], decisions = step(state[0], inputs, replace(rules, level=luck.choice(ASSURANCES)))
        for decision in decisions:
            if decision.authority not in (None, Authority.EXIT, Authority.FIRE, Authority.HOLD_OPEN):
                raise Granted(f"{decision.kind.value} by {decision.authority}")

    return attempt
