"""A real daemon in this process, without a camera, with a store and an audit log of its own, asked through its two sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_face.access.clock_trust import ClockSigns
from edge_face.audit import Entry, read_entries
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon
from edge_face.service.protocol import socket_path, web_socket_path
from edge_face.service.senses import ClockKeeper
from edge_face.settings import CameraSettings, DoorSettings, Settings, StoreSettings

PASSPHRASE = "four random words now"
NAMES = {"owner": "Olga", "helper": "Hans", "viewer": "Vera"}


class WebHouse:
    """Runs from the start on. `pages`: their socket must answer. `later` lets time pass for logins: sessions, rests and claim codes."""

    daemon: Daemon
    control: Client
    web: Client

    def __init__(self, folder: Path, *, pages: bool = True, **changes: Any) -> None:
        self.folder, self._pages, self._shift = folder, pages, 0.0
        settings = Settings(store=StoreSettings(folder=str(folder)), camera=CameraSettings(source="none"),
                            door=DoorSettings(pulse=0.2, pins="mock"))
        self.settings = replace(settings, **changes)
        self.start()

    def start(self) -> None:
        self.pins = EdgeRecorder()
        self.daemon = Daemon(self.settings, pins=self.pins, keeper=ClockKeeper(lambda: ClockSigns(kernel=True)))
        self.ended: list[int | BaseException] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.control, self.web = Client(socket_path(self.settings)), Client(web_socket_path(self.settings))
        wait_for(lambda: self.ended or self._answers())
        assert not self.ended, self.ended

    def stop(self) -> None:
        self.daemon.stop()
        self.thread.join(30)
        assert not self.thread.is_alive()

    def later(self, seconds: float) -> None:
        self._shift = shift = self._shift + seconds
        accounts = self.daemon.accounts
        for clocked in (self.daemon.sessions, accounts._rest, accounts._code):
            clocked._monotonic = lambda: time.monotonic() + shift  # type: ignore[attr-defined]

    def claimed(self) -> str:
        """The token of the first owner."""
        code = self.control.call("kiosk.claim")["code"]
        return str(self.web.call("session.claim", code=code, name=NAMES["owner"], passphrase=PASSPHRASE)["token"])

    def everybody(self) -> dict[str, str]:
        """Tokens by role, all fresh."""
        tokens = {"owner": self.claimed()}
        for role in ("helper", "viewer"):
            self.web.call("accounts.add", token=tokens["owner"], name=NAMES[role], role=role, passphrase=PASSPHRASE)
            tokens[role] = self.web.call("session.login", name=NAMES[role], passphrase=PASSPHRASE)["token"]
        return tokens

    def records(self, *kinds: str) -> list[Entry]:
        """Of the audit log, once it has been written down."""
        audit = self.daemon.parts.audit
        assert audit is not None
        audit.call(lambda log: log.commit())
        return [entry for entry in read_entries(self.folder / "audit") if entry.record.kind in kinds]

    def said(self, *kinds: str) -> list[str]:
        return [str(entry.record.details["what"]) for entry in self.records(*kinds)]

    def _answers(self) -> bool:
        try:
            self.control.call("status")
            if self._pages:
                self.web.call("session.who")
        except EdgeFaceError as error:
            return not isinstance(error, ServiceError)
        return True

    def _run(self) -> None:
        try:
            self.ended.append(self.daemon.run())
        except BaseException as error:
            self.ended.append(error)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)
