"""The parity gate: is a converted file as good as the float model that it was made from?

`Gate` runs the file by the device's own code and the float model by preprocessing of the gate's own; `read_limits` says what
may be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converter.parity.limits import Limits, read_limits

if TYPE_CHECKING:
    from converter.parity.gate import Gate, judge

__all__ = ["Gate", "Limits", "judge", "read_limits"]


def __getattr__(name: str) -> Any:
    if name not in ("Gate", "judge"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from converter.parity import gate

    return getattr(gate, name)
