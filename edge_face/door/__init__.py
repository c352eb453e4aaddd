"""The hardware of the door: the lock, its pins, the exit button, inputs and signals; a mock that records every edge.

`gpiozero` is imported when a pin is opened, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge_face.door.exit_button import ExitButton, open_exit_button
from edge_face.door.inputs import DoorInputs, open_inputs
from edge_face.door.lock import Lock, describe_lock, make_safe, open_lock, safe_level
from edge_face.door.patterns import Pattern, lasting, pattern_for
from edge_face.door.pins import pin_factory, pin_number
from edge_face.door.signals import Signals, open_signals

if TYPE_CHECKING:
    from edge_face.door.mock import Edge, EdgeRecorder

__all__ = ["DoorInputs", "Edge", "EdgeRecorder", "ExitButton", "Lock", "Pattern", "Signals", "describe_lock", "lasting", "make_safe",
           "open_exit_button", "open_inputs", "open_lock", "open_signals", "pattern_for", "pin_factory", "pin_number", "safe_level"]


def __getattr__(name: str) -> Any:
    if name in ("Edge", "EdgeRecorder"):
        from edge_face.door import mock

        return getattr(mock, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
