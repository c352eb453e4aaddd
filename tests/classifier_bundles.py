"""Classifier bundles of one dense layer that names the strongest colour of a picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dense_model import dense_model

SIDE = 16
LABELS = ("red", "green", "blue")


def colour_bundle(folder: Path, *, labels: Sequence[str] = LABELS, aligned: bool = False, precision: str = "int8", colour: str = "RGB",
                  task: str = "classifier") -> Path:
    """Three labels: softmax over the colours; two: one sigmoid that says green rather than red."""
    weights = np.zeros((3, SIDE, SIDE, 3))
    for number in range(3):
        weights[number, :, :, number] = 8.0 / SIDE ** 2 / 255
    weights = weights.reshape(3, -1)
    if len(labels) == 2:
        weights = weights[1:2] - weights[:1]
    kind = "sigmoid" if len(labels) == 2 else "softmax"
    content = dense_model(weights, np.zeros(len(weights)), (SIDE, SIDE, 3), activation=kind, output="probability")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{precision}.tflite").write_bytes(content)
    manifest: dict[str, Any] = {
        "schema": 2, "task": task, "name": "colours", "version": "1.0",
        "input": {"kind": "picture", "width": SIDE, "height": SIDE, "colour": colour, "range": [0, 255],
                  "alignment": "arcface-112" if aligned else "none"},
        "outputs": {"probability": {"shape": [1, len(weights)], "labels": list(labels), "activation": kind}},
        "files": {f"{precision}.tflite": {"sha256": hashlib.sha256(content).hexdigest()}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def plain(*bgr: int, side: int = 24) -> Any:
    """A picture of one colour."""
    return np.full((side, side, 3), bgr, np.uint8)
