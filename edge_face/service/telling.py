"""Who hears of a decision: whoever stands at the door (lamps, buzzer) and whoever asked to be told (hooks)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_face.access import Decision, Kind
from edge_face.door.patterns import Pattern, pattern_for
from edge_face.errors import ServiceError
from edge_face.service import hooks
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.hooks")


PROMPTS = (Kind.PROMPT, Kind.PROMPT_OVER)


class Telling:
    """`show` says something with lamps and buzzer, `ask` what the policy asks somebody for now; `post` runs a job in the store thread,
    where waiting for the disk harms nobody; `heard` gets every decision, for the page beside the door."""

    def __init__(self, settings: Settings, show: Callable[[Pattern | None], None], post: Callable[[Callable[[Any], None]], bool],
                 ask: Callable[[], None] = lambda: None, heard: Callable[[Decision], None] = lambda decision: None) -> None:
        self._settings, self._show, self._post, self._ask, self._heard = settings, show, post, ask, heard
        self._spool = hooks.Spool(hooks.spool_folder(settings))

    def tell(self, decision: Decision) -> None:
        """Never waits, never raises. Of duress nobody at the door may see anything."""
        self._heard(decision)
        if decision.kind in PROMPTS:
            self._ask()
            return
        self._show(pattern_for(decision))
        self._send(hooks.event_of(decision), snapshot=decision.alarm is not None)

    def trouble(self, text: str, wall: float) -> None:
        """Something of the door itself does not work, or (`text` is empty) works again."""
        what = "trouble" if text else "trouble over"
        self._send(hooks.event("trouble", what, text or "the door does all it should again", wall))

    def _send(self, event: dict[str, Any] | None, *, snapshot: bool = False) -> None:
        if event is None or not hooks.wanted(self._settings.hooks, event):
            return
        service = self._settings.service
        # Without a rate nobody writes it, and what lies there is old.
        picture = Path(service.preview_file) if snapshot and self._settings.hooks.snapshot and service.preview_fps > 0 else None

        def job(_: object) -> None:
            try:
                self._spool.put(event, picture)
            except ServiceError as error:
                _log.error("%s", error)

        self._post(job)
