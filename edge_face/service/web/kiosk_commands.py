"""What the page beside the door asks, and what a picture for aiming the camera needs: for nobody in particular, and nothing of anybody."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge_face.access.assurance import sees
from edge_face.errors import AccessError, ServiceError
from edge_face.people.code_hash import KIND as PIN
from edge_face.service.code_thread import Offer
from edge_face.service.web import arguments as given
from edge_face.service.web import metrics
from edge_face.service.web.board import LONGEST_WAIT
from edge_face.service.web.data_commands import HOW, alias_of
from edge_face.service.web.overlay import overlay
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

LONGEST_CODE = 32
"""Digits that are looked at: a number and a PIN have fewer."""
Arguments = Mapping[str, Any]


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """The commands of the pages that show the door."""

    def state(caller: Caller, arguments: Arguments) -> Any:
        after, wait = _poll(arguments)
        return daemon.board.state(after, wait)

    def picture(caller: Caller, arguments: Arguments) -> Any:
        after, wait = _poll(arguments)
        if daemon.feed_of_pages.off or not sees(daemon.settings):
            return {"number": after, "off": True}
        shot = daemon.feed_of_pages.latest(after, wait)
        if shot is None:
            return {"number": after, "off": False}
        return {"number": shot.number, "jpeg": base64.b64encode(shot.jpeg).decode("ascii"), "width": shot.width, "height": shot.height}

    def code(caller: Caller, arguments: Arguments) -> Any:
        return {"offer": _offered(daemon, given.text(arguments, "text"))}

    def notice(caller: Caller, arguments: Arguments) -> Any:
        return _notice(daemon)

    def seen(caller: Caller, arguments: Arguments) -> Any:
        return overlay(daemon)

    def greet(caller: Caller, arguments: Arguments) -> Any:
        answer = daemon.command("people.greet", {"how": HOW, **arguments})
        if arguments.get("text") is not None:
            say(daemon, caller, "people-greet", whom=alias_of(daemon, answer["id"]))
        return answer

    return (WebCommand("kiosk.state", Role.NOBODY, state, ("after", "wait")),
            WebCommand("kiosk.picture", Role.NOBODY, picture, ("after", "wait")),
            WebCommand("kiosk.code", Role.NOBODY, code, ("text",)),
            WebCommand("kiosk.notice", Role.NOBODY, notice),
            WebCommand("view.picture", Role.VIEWER, picture, ("after", "wait")),
            WebCommand("view.overlay", Role.VIEWER, seen),
            metrics.command(daemon),
            WebCommand("people.greet", Role.HELPER, greet, ("who", "text")))


def _poll(arguments: Arguments) -> tuple[int, float]:
    return given.whole(arguments, "after", 0), given.number(arguments, "wait", 0.0, high=LONGEST_WAIT)


def _offered(daemon: Daemon, text: str) -> str:
    """A code that was typed on the page is one like that of a keypad: as it is refused there, it is refused here. Raises
    AccessError where the page is no keypad."""
    if not daemon.settings.kiosk.pad:
        raise AccessError("codes are not typed on this page: use the keypad, or ask the owner to set [kiosk] pad")
    if not text or len(text) > LONGEST_CODE:
        return Offer.NONSENSE.name.lower()
    codes = daemon.parts.codes
    if codes is None:
        raise ServiceError("the door is just starting: try again")
    return codes.offer(text, PIN).name.lower()


def _notice(daemon: Daemon) -> dict[str, Any]:
    """What somebody who is filmed may know before they ask: who does it, what is looked for, what is kept, for how long."""
    settings = daemon.settings
    hooks, told = settings.hooks, bool(settings.hooks.command or settings.hooks.webhook)
    return {"responsible": settings.kiosk.responsible, "camera": sees(settings), "keep_events_days": settings.store.keep_events,
            "keep_audit_days": settings.audit.keep, "pictures": settings.kiosk.fps > 0, "method": settings.privacy.method,
            "assurance": settings.decision.assurance, "attendance": settings.kiosk.attendance, "snapshot": hooks.snapshot and told,
            "language": settings.kiosk.language, "pad": settings.kiosk.pad,
            "recorded_days": settings.recorder.keep if settings.recorder.events else 0, "films": settings.recorder.clips,
            "originals": bool(settings.recorder.originals)}
