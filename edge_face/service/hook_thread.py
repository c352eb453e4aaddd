"""A thread of its own that leaves events in the spool: the disk may be slow or full, and the policy waits for neither."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_face.errors import EdgeFaceError
from edge_face.service.hooks import Spool, spool_folder, wanted
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.hooks")

_WAITING = 100
"""Events that wait for the disk; more are lost and counted."""


class HookThread:
    """`tell` never waits and never raises. `lost` counts what could not be left in the spool."""

    def __init__(self, settings: Settings, spool: Spool | None = None) -> None:
        self._settings = settings.hooks
        # Without the daemon's own preview there is no picture that everybody is hidden in.
        self._picture = Path(settings.service.preview_file) if settings.hooks.snapshot and settings.service.preview_fps > 0 else None
        self._spool = spool or Spool(spool_folder(settings))
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
        self._troubled = False
        self.lost = 0

    def start(self) -> None:
        self._thread.start()

    def tell(self, event: Mapping[str, Any] | None) -> None:
        """Leaves an event for whoever wants it; None and what nobody wants are nothing."""
        if event is None or not wanted(self._settings, event):
            return
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.lost += 1

    def stop(self, patience: float = 2.0) -> None:
        """What waits is written first, if that does not take too long."""
        try:
            self._queue.put(None, timeout=patience)
        except queue.Full:
            return
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._spool.put(event, self._picture if event["kind"] == "alarm" else None)
                self._troubled = False
            except Exception as error:  # nobody is told: the door goes on all the same
                self.lost += 1
                if not self._troubled:
                    _log.error("%s", error, exc_info=None if isinstance(error, EdgeFaceError) else error)
                self._troubled = True
