"""The settings, for the pages: what holds, what a change would do, and saving it beside the settings file.

Checked as the file is, against the file as it is now: what was saved here never keeps the door from starting.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge_face.cameras.source import redact
from edge_face.errors import UsageError
from edge_face.service.origin import Origin
from edge_face.service.web.arguments import Arguments
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say
from edge_face.settings import Settings, section_names
from edge_face.settings_overlay import differing, is_open, merged, read_overlay, value_of, write_overlay

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

MOST_CHANGES = 200
MOST_SAID = 24
"""Keys named in one record of the audit log."""
PUBLIC = ("language", "sleep", "greeting", "fps", "responsible", "attendance", "remote_unlock", "session_idle")
"""Keys of [kiosk] that the pages need to know before anybody has logged in."""
HIDDEN = "(not shown)"


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`settings.*`."""
    desk = SettingsDesk(daemon)
    return (WebCommand("settings.public", Role.NOBODY, desk.public),
            WebCommand("settings.show", Role.OWNER, desk.show),
            WebCommand("settings.diff", Role.OWNER, desk.diff, ("changes",)),
            WebCommand("settings.save", Role.OWNER, desk.save, ("changes",), fresh=True))


class SettingsDesk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._guard = threading.Lock()

    @property
    def _origin(self) -> Origin:
        return self._daemon.parts.origin or Origin.given(self._daemon.settings)

    def public(self, caller: Caller, given: Arguments) -> Any:
        """What a page needs that nobody has logged in to."""
        settings = self._daemon.settings
        return {**{name: getattr(settings.kiosk, name) for name in PUBLIC}, "timezone": settings.access.timezone}

    def show(self, caller: Caller, given: Arguments) -> Any:
        """`settings`: as they are saved; `file_values`: those of the file alone; `overlay`: what was set on the pages; `closed`: keys
        that no page may set; `waiting`: keys that hold only after a restart."""
        origin, overlay = self._origin, read_overlay(self._daemon.settings)
        saved, base = origin.settings(overlay), origin.read()
        waiting = differing(saved, self._daemon.settings)
        closed = [f"{section}.{field.name}" for section in section_names() for field in dataclasses.fields(getattr(base, section))
                  if not is_open(f"{section}.{field.name}")]
        return {"settings": shown(saved), "file_values": shown(base), "file": None if origin.file is None else str(origin.file),
                "overlay": overlay, "closed": closed, "waiting": waiting, "restart": bool(waiting)}

    def diff(self, caller: Caller, given: Arguments) -> Any:
        """What would be saved and is not: rows of key, from, to, and what the file says. A value of null is the file's again."""
        return self._change(given)[1]

    def save(self, caller: Caller, given: Arguments) -> Any:
        """Saves it. It holds after a restart."""
        with self._guard:
            overlay, answer = self._change(given)
            write_overlay(self._daemon.settings, overlay)
        keys = tuple(row["key"] for row in answer["rows"])
        say(self._daemon, caller, "settings-save", at_once=True, keys=keys[:MOST_SAID], more=max(0, len(keys) - MOST_SAID))
        return answer

    def _change(self, given: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
        changes = given.get("changes")
        if not isinstance(changes, Mapping) or not 0 < len(changes) <= MOST_CHANGES:
            raise UsageError(f'\'changes\' is a table of 1 to {MOST_CHANGES} keys, as {{"door.pulse": 2.5}}')
        origin, overlay = self._origin, read_overlay(self._daemon.settings)
        base, before = origin.read(), origin.settings(overlay)
        new = merged(base, overlay, changes)
        after = origin.settings(new)
        rows = [{"key": key, "from": value_of(before, key), "to": value_of(after, key), "file": value_of(base, key)}
                for key in differing(before, after)]
        return new, {"rows": rows, "restart": bool(differing(after, self._daemon.settings))}


def shown(settings: Settings) -> dict[str, Any]:
    """Settings for an owner's eyes: no password of an address, no arguments of a program."""
    table = dataclasses.asdict(settings)
    table["camera"]["source"] = redact(table["camera"]["source"])
    table["camera"]["controls"] = {str(name): str(value) for name, value in table["camera"]["controls"].items()}
    table["hooks"]["webhook"] = redact(table["hooks"]["webhook"])
    table["hooks"]["command"] = [*table["hooks"]["command"][:1], *([HIDDEN] if len(table["hooks"]["command"]) > 1 else [])]
    return table
