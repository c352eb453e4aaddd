"""The hardware of the door: the lock, its pins, the exit button, inputs and signals; a mock that records every edge.

`gpiozero` is imported when a pin is opened, not before. What the lock itself does not need is loaded when it is asked for:
`edge-face door safe` runs after every end of the door, and must be quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edge_face.door.exit_button import ExitButton, open_exit_button
from edge_face.door.lock import Lock, describe_lock, make_safe, open_lock, safe_level
from edge_face.door.pins import pin_factory, pin_number

if TYPE_CHECKING:
    from edge_face.door.inputs import DoorInputs, open_inputs
    from edge_face.door.mock import Edge, EdgeRecorder
    from edge_face.door.patterns import Pattern, lasting, pattern_for
    from edge_face.door.signals import Signals, open_signals

__all__ = ["DoorInputs", "Edge", "EdgeRecorder", "ExitButton", "Lock", "Pattern", "Signals", "describe_lock", "lasting", "make_safe",
           "open_exit_button", "open_inputs", "open_lock", "open_signals", "pattern_for", "pin_factory", "pin_number", "safe_level"]

_LATER = {"DoorInputs": "inputs", "open_inputs": "inputs", "Edge": "mock", "EdgeRecorder": "mock", "Pattern": "patterns",
          "lasting": "patterns", "pattern_for": "patterns", "Signals": "signals", "open_signals": "signals"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"edge_face.door.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
