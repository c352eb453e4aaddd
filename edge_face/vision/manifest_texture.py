"""The small network of micro-texture in a manifest: one byte for each weight of its first layer, as text.

`thresholds.texture` = {"kind": KIND, "weights": base64 of (NUMBERS, units) int8, "scales", "biases", "out", "known": (units,),
"bias", "known_bias"}: weight = int8 x scale of its unit.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from edge_face.types import Floats
from edge_face.vision.live_cues.texture import KIND, NUMBERS, Skin
from edge_face.vision.manifest_values import listed, mapping, real, text, wrong

MOST_UNITS = 64
_KEY = "thresholds.texture"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+", re.ASCII)


def read_skin(given: Any, where: str) -> Skin:
    """What a manifest's `thresholds.texture` holds. Raises ModelError."""
    entry = mapping(given, where, _KEY)
    if entry.get("kind") != KIND:
        raise wrong(where, f"{_KEY}.kind", f"{KIND!r}, what this edge-face looks at (else edge-face-convert train-texture learns it anew)")
    scales = _reals(entry.get("scales"), 1e-9, 1e3, where, "scales")
    units = len(scales)
    biases, out, known = (_reals(entry.get(name), -1e3, 1e3, where, name) for name in ("biases", "out", "known"))
    if not len(biases) == len(out) == len(known) == units:
        raise wrong(where, f"{_KEY}.out", f"{units} numbers, as many as scales, biases and known")
    weights = text(entry.get("weights"), _BASE64, "base64", where, f"{_KEY}.weights")
    if len(weights) != NUMBERS * units // 3 * 4:
        raise wrong(where, f"{_KEY}.weights", f"base64 of {NUMBERS * units} bytes, {NUMBERS} for each of the scales")
    bias, known_bias = (real(entry.get(name), -1e3, 1e3, where, f"{_KEY}.{name}") for name in ("bias", "known_bias"))
    bytes_ = np.frombuffer(base64.b64decode(weights), np.int8).reshape(NUMBERS, units)
    return Skin(bytes_.astype(np.float32) * scales, biases, out, bias, known, known_bias)


def packed(skin: Skin) -> dict[str, Any]:
    """As a manifest holds it; the weights lose what eight bits cannot say."""
    scales = np.array([float(f"{max(float(scale), 1e-9):.6g}") for scale in np.abs(skin.weights).max(axis=0) / 127])
    weights = np.clip(np.rint(skin.weights / scales), -127, 127).astype(np.int8)
    return {"kind": KIND, "weights": base64.b64encode(weights.tobytes()).decode(), "scales": scales.tolist(),
            "biases": _rounded(skin.biases), "out": _rounded(skin.out), "known": _rounded(skin.known),
            "bias": float(f"{skin.bias:.6g}"), "known_bias": float(f"{skin.known_bias:.6g}")}


def _reals(given: Any, low: float, high: float, where: str, name: str) -> Floats:
    key = f"{_KEY}.{name}"
    values = listed(given, 1, MOST_UNITS, "numbers", where, key)
    return np.array([real(value, low, high, where, f"{key}[{number}]") for number, value in enumerate(values)], np.float32)


def _rounded(values: Floats) -> list[float]:
    return [float(f"{float(value):.6g}") for value in values]
