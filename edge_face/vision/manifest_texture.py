"""The line of micro-texture in a manifest: one byte for each weight, as text.

`thresholds.texture` = {"kind": KIND, "weights": base64 of NUMBERS int8, "scale", "bias"}: weight = int8 x scale.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from edge_face.vision.live_cues.texture import KIND, NUMBERS, Line
from edge_face.vision.manifest_values import mapping, real, text, wrong

_KEY = "thresholds.texture"
_WEIGHTS = re.compile(rf"[A-Za-z0-9+/]{{{NUMBERS // 3 * 4}}}", re.ASCII)


def read_line(given: Any, where: str) -> Line:
    """The line that a manifest's `thresholds.texture` holds. Raises ModelError."""
    entry = mapping(given, where, _KEY)
    if entry.get("kind") != KIND:
        raise wrong(where, f"{_KEY}.kind", f"{KIND!r}, what this edge-face looks at (else edge-face-convert train-texture learns it anew)")
    weights = text(entry.get("weights"), _WEIGHTS, f"base64 of {NUMBERS} bytes", where, f"{_KEY}.weights")
    scale = real(entry.get("scale"), 1e-9, 1e3, where, f"{_KEY}.scale")
    bias = real(entry.get("bias"), -1e3, 1e3, where, f"{_KEY}.bias")
    return Line(np.frombuffer(base64.b64decode(weights), np.int8).astype(np.float32) * np.float32(scale), bias)


def packed(line: Line) -> dict[str, Any]:
    """A line as a manifest holds it; its weights lose what eight bits cannot say."""
    scale = max(float(np.abs(line.weights).max()) / 127, 1e-9)
    weights = np.rint(line.weights / scale).astype(np.int8)
    return {"kind": KIND, "weights": base64.b64encode(weights.tobytes()).decode(), "scale": float(f"{scale:.8g}"),
            "bias": float(f"{line.bias:.8g}")}
