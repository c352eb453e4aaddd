"""The door itself, for the pages: how it stands, what its owner may order from afar, and how well it and its machine are.

A page opens the door in two cases only: while nobody was ever enrolled, to try its wires (`door.test`), and where the settings file says so
(`door.unlock`), each time with the passphrase.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.access.inputs import Command, Order
from edge_face.errors import EdgeFaceError, ForbiddenError, ServiceError
from edge_face.service.commands import door_facts
from edge_face.service.describing import described
from edge_face.service.machine import storage, temperature
from edge_face.service.web.arguments import Arguments, number, text
from edge_face.service.web.restarting import restart_soon
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon
    from edge_face.vision.bundle import Bundle

FIRST_RUN = "first-run"
"""Kind of the store's record that says that the first run is over: somebody is, or was, enrolled."""
LAST_BACKUP = "last-backup"
LONGEST_CARD = 64 << 10
_FIGURES = ("metrics", "reported", "thresholds", "gate", "training", "terms", "made_by")
"""Parts of a manifest that a page may show."""


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`door.*`, `health`, `models.list`, `daemon.restart`."""
    desk = DoorDesk(daemon)
    orders = (("secure", Role.HELPER, Command.SECURE, False), ("lockdown", Role.HELPER, Command.LOCKDOWN, False),
              ("quiet", Role.HELPER, Command.QUIET, False), ("lift", Role.OWNER, Command.LIFT, True))
    return (WebCommand("door.status", Role.VIEWER, desk.status),
            *(WebCommand(f"door.{word}", role, partial(desk.order, command), (), fresh) for word, role, command, fresh in orders),
            WebCommand("door.test", Role.OWNER, desk.test, ("seconds",), fresh=True),
            WebCommand("door.unlock", Role.OWNER, desk.unlock, ("passphrase", "seconds")),
            WebCommand("health", Role.VIEWER, desk.health),
            WebCommand("models.list", Role.VIEWER, desk.models),
            WebCommand("daemon.restart", Role.OWNER, desk.restart, fresh=True))


class DoorDesk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def status(self, caller: Caller, given: Arguments) -> Any:
        """What is wired and how it stands; whether a page may try or open it."""
        return {**door_facts(self._daemon), "remote_unlock": self._daemon.settings.kiosk.remote_unlock,
                "testable": not first_run_is_over(self._daemon)}

    def order(self, command: Command, caller: Caller, given: Arguments) -> Any:
        self._daemon.order(Order(command))
        say(self._daemon, caller, f"door-{command.value}", at_once=True)
        return {}

    def test(self, caller: Caller, given: Arguments) -> Any:
        """A pulse, to see that the lock is wired right; only before anybody was enrolled."""
        if first_run_is_over(self._daemon):
            raise ForbiddenError("people are, or were, enrolled: this door is tried at the device from now on (sudo edge-face door pulse)")
        return self._release("door-test", caller, given)

    def unlock(self, caller: Caller, given: Arguments) -> Any:
        """Opens the door from afar, where the settings file allows it; with the passphrase, each time."""
        if not self._daemon.settings.kiosk.remote_unlock:
            raise ForbiddenError("the pages do not open this door: remote_unlock = true under [kiosk] of the settings file would allow it")
        self._daemon.accounts.prove(caller.account, text(given, "passphrase"))
        return self._release("door-unlock", caller, given)

    def health(self, caller: Caller, given: Arguments) -> Any:
        """How the door, its camera, its models and its machine are."""
        from edge_face import __version__

        daemon = self._daemon
        backup = daemon.books(lambda books: books.record(LAST_BACKUP))
        return {"status": daemon.status(), "made_of": [list(row) for row in described(daemon)], "temperature": temperature(),
                "storage": storage(Path(daemon.settings.store.folder)), "last_backup": backup.get("wall") if backup is not None else None,
                "version": __version__}

    def models(self, caller: Caller, given: Arguments) -> Any:
        """Each network with its card and the figures of its manifest."""
        return {"models": [_shown(bundle, self._daemon.settings.vision.precision) for bundle in _bundles(self._daemon)]}

    def restart(self, caller: Caller, given: Arguments) -> Any:
        """Ends the daemon, which is then started again; the door stays locked meanwhile."""
        say(self._daemon, caller, "daemon-restart", at_once=True)
        restart_soon(self._daemon)
        return {}

    def _release(self, what: str, caller: Caller, given: Arguments) -> Any:
        door = self._daemon.settings.door
        seconds = number(given, "seconds", door.pulse, 0.05, door.max_release)
        # Before the order: what it tells of may be the last that this door ever writes.
        say(self._daemon, caller, what, at_once=True, seconds=seconds)
        self._daemon.order(Order(Command.RELEASE, seconds))
        return {"seconds": seconds}


def first_run_is_over(daemon: Daemon) -> bool:
    """Is, or was, anybody enrolled here? Remembered, so that forgetting everybody opens no way in."""

    def job(books: Any) -> bool:
        if books.record(FIRST_RUN) is not None:
            return True
        over = bool(books.ask(lambda store: store.count()))
        if over:
            books.keep(FIRST_RUN, {"over": True})
        return over

    answer: bool = daemon.books(job)
    return answer


def _bundles(daemon: Daemon) -> list[Bundle]:
    """What runs; at a door without a camera what its settings name."""
    from edge_face.vision.bundle import load_bundle

    vision, found = daemon.settings.vision, []
    for task in ("detector", "landmarker", "embedder", "liveness"):
        try:
            found.append(load_bundle(getattr(vision, task), task, "accept"))
        except EdgeFaceError as error:
            raise ServiceError(f"the {task} cannot be shown: {error}") from error
    return found


def _shown(bundle: Bundle, precision: str) -> dict[str, Any]:
    try:
        card = (bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8", errors="replace")[:LONGEST_CARD]
    except OSError:
        card = ""
    manifest = json.loads(json.dumps(dict(bundle.manifest), default=str))
    terms = manifest.get("terms")
    return {"task": bundle.task, "name": bundle.name, "version": bundle.version, "model_id": bundle.model_id, "precision": precision,
            "summary": str(manifest.get("summary", "")), "licence": terms.get("weights") if isinstance(terms, dict) else None, "card": card,
            "thresholds": manifest.get("thresholds"), "figures": {part: manifest[part] for part in _FIGURES if part in manifest}}
