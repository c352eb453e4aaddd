"""The parts of a running door, and the order in which they are taken down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_face.audit import Sealer
from edge_face.cameras import FillLight
from edge_face.door import DoorInputs, ExitButton, Lock
from edge_face.service.audit_thread import AuditThread
from edge_face.service.books import Books
from edge_face.service.code_thread import CodeThread
from edge_face.service.control import ControlSocket
from edge_face.service.door_thread import DoorThread
from edge_face.service.frames import Feed
from edge_face.service.origin import Origin
from edge_face.service.outlet import Outlet
from edge_face.service.policy_thread import PolicyThread
from edge_face.service.recorder import Recorder
from edge_face.service.signal_thread import SignalThread
from edge_face.service.store_thread import StoreThread
from edge_face.service.vision_thread import VisionThread

_log = logging.getLogger("edge_face.daemon")


@dataclass(slots=True, eq=False)
class Parts:
    """What there is so far: a start that fails takes down what it had made."""

    control: ControlSocket | None = None
    web: ControlSocket | None = None
    feed: Feed | None = None
    pins: Any = None
    lock: Lock | None = None
    door: DoorThread | None = None
    policy: PolicyThread | None = None
    button: ExitButton | None = None
    inputs: DoorInputs | None = None
    codes: CodeThread | None = None
    signals: SignalThread | None = None
    lamp: FillLight | None = None
    store: StoreThread[Books] | None = None
    audit: AuditThread | None = None
    outlet: Outlet | None = None
    recorder: Recorder | None = None
    vision: VisionThread | None = None
    sealer: Sealer | None = None
    origin: Origin | None = None
    """Where the settings come from; None: from nowhere but whoever made the daemon."""

    def answer(self) -> None:
        """Whoever asks is answered from now on: on the control socket last, so that a door which answers there has all its threads. A door
        needs no pages."""
        if self.web is not None:
            try:
                self.web.start()
            except RuntimeError as error:
                _log.error("the pages cannot ask this door: %s", error)
        if self.control is not None:
            self.control.start()

    def ask(self) -> None:
        """Lamps and buzzer say what the policy asks for now."""
        if self.signals is not None and self.policy is not None:
            prompt = self.policy.state.prompt
            self.signals.ask(prompt.what if prompt is not None else None)

    def seal(self, forced: bool) -> str | None:
        """What hides in a record of the audit log whether somebody was forced; None before the store is open."""
        return self.sealer.seal(forced) if self.sealer is not None else None

    def close(self) -> None:
        """The lock first; then whoever could give it orders; then the rest. Nothing here keeps the next from ending."""
        ends: list[tuple[str, Any, str]] = [
            ("the exit button", self.button, "close"), ("the inputs", self.inputs, "close"), ("the door thread", self.door, "stop"),
            ("the lock", self.lock, "close"), ("the outlet", self.outlet, "stop"), ("the policy thread", self.policy, "stop"),
            ("the codes", self.codes, "stop"),
            ("the camera", self.feed, "close"), ("vision", self.vision, "stop"), ("the recorder", self.recorder, "stop"),
            ("the signals", self.signals, "stop"),
            ("the fill light", self.lamp, "close"), ("the pins", self.pins, "close"), ("the audit log", self.audit, "stop"),
            ("the store", self.store, "stop"), ("the control socket", self.control, "close"),
            ("the socket of the pages", self.web, "close")]
        for name, part, method in ends:
            if part is not None:
                quietly(name, getattr(part, method))


def quietly(name: str, end: Callable[[], Any]) -> None:
    """Ends something; what goes wrong is logged."""
    try:
        end()
    except Exception as error:
        _log.error("%s did not end well: %s", name, error)
