"""Manifests of every task in schema 2, and ways to damage them."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
from hypothesis import strategies as st

from edge_face.vision.bundle import MANIFEST, MODELS
from edge_face.vision.live_cues.texture import NUMBERS, Skin
from edge_face.vision.manifest_migration import migrate
from edge_face.vision.manifest_texture import packed

DIGEST = "0123456789abcdef" * 4
ERRORS = [{"score": 0.2, "bpcer": 0.01, "apcer": 0.3}, {"score": 0.5, "bpcer": 0.05, "apcer": 0.02}]


SKIN = Skin(np.linspace(-1, 1, 2 * NUMBERS).reshape(NUMBERS, 2).astype(np.float32), np.zeros(2, np.float32),
            np.array([1, -1], np.float32), 0.25, np.array([0, 2], np.float32), 0.5)


def manifest(task: str, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A manifest of schema 2 for 64x64 RGB pictures with one int8 file that passed the gate."""
    return {
        "schema": 2, "task": task, "name": f"sample-{task}", "version": "1.0.0", "summary": "A sample.",
        "input": {"kind": "picture", "width": 64, "height": 64, "colour": "RGB", "range": [0, 255], "alignment": "none"},
        "outputs": outputs,
        "files": {"int8.tflite": {"sha256": DIGEST, "bytes": 1000, "how": "plain", "kept_float": ["dense", "conv 2"],
                                  "recipe": {"pictures": 100}}},
        "gate": {"passed": True, "forced": False, "limits": {"agreement": 0.98},
                 "files": {"int8.tflite": {"passed": True, "labelled": False, "examples": 100, "checks": [
                     {"metric": "agreement", "figure": 0.99, "limit": 0.98, "at_least": True, "passed": True, "text": "99 % agree"},
                     {"metric": "tar_lost_1e-4", "figure": None, "limit": 2.0, "at_least": False, "passed": True, "text": ""}]}}},
        "metrics": {"x": [1, 2.5]}, "training": {}, "terms": {"weights": "not stated"}, "made_by": {"edge-face": "0.1.0"}, **more,
    }


def shipped(task: str) -> dict[str, Any]:
    """A manifest that comes with edge-face, in the newest schema, its tables shortened."""
    found = migrate(json.loads((MODELS / task / MANIFEST).read_text(encoding="utf-8")))
    for table in found.get("thresholds", {}).values():
        if isinstance(table, dict) and "rows" in table:
            table["rows"] = table["rows"][:4]
    found["metrics"], found["training"] = {}, {}
    return found


SAMPLES: dict[str, dict[str, Any]] = {
    "classifier": manifest("classifier", {"probability": {"shape": [1, 3], "labels": ["cat", "Hund", "馬 2"], "activation": "softmax"}}),
    "binary": manifest("classifier", {"probability": {"shape": [1, 1], "labels": ["cat", "dog"], "activation": "sigmoid"}}),
    "sequence": manifest("classifier", {"probability": {"shape": [1, 2], "labels": ["a", "b"], "activation": "softmax"}},
                         input={"kind": "arrays", "tensors": {"steps": {"shape": [1, 16, 8], "dtype": "float32"},
                                                              "flags": {"shape": [1], "dtype": "bool"}}}),
    "liveness": manifest("liveness", {"live": {"shape": [1, 1]}}),
    "fused": manifest("liveness", {"live": {"shape": [1, 1]}}, thresholds={
        "passive": {"rows": [{"score": 0.2, "bpcer": 0.01, "apcer": 0.3}, {"score": 0.5, "bpcer": 0.05, "apcer": 0.02}]},
        "fusion": {"bias": 0.5, "cues": {"network": {"weight": 1.5, "centre": 0, "scale": 2.0},
                                         "border": {"weight": -1, "centre": 0.8, "scale": 0.1}},
                   "rows": [{"score": 0.3, "bpcer": 0.01, "apcer": 0.1}, {"score": 0.6, "bpcer": 0.05, "apcer": 0.01}]}}),
    "textured": manifest("liveness", {"live": {"shape": [1, 1]}}, thresholds={
        "texture": packed(SKIN), "passive": {"rows": ERRORS},
        "picture": {"bias": 0, "cues": {"texture": {"weight": 2, "centre": 0, "scale": 0.5}}, "rows": ERRORS},
        "fusion": {"bias": 0, "cues": {"network": {"weight": 1.5, "centre": 0, "scale": 2.0},
                                       "texture": {"weight": 2, "centre": 0, "scale": 0.5}}, "rows": ERRORS}}),
    "line": manifest("liveness", {"live": {"shape": [1, 1]}}, thresholds={
        "texture": packed(SKIN)}),
    "anonymizer": manifest("anonymizer", {"picture": {"shape": [1, 64, 64, 3]}}),
    "mirrored": manifest("embedder", {"embedding": {"shape": [1, 16], "dimension": 16, "parts": [12, 4], "mirrored": True}},
                         input={"kind": "picture", "width": 112, "height": 112, "colour": "BGR", "range": [0, 255],
                                "alignment": "arcface-112", "crop": 1.0}, weights_sha256=DIGEST),
    "other": manifest("gesture", {"anything": [1, 2]}),
    "embedder": shipped("embedder"), "detector": shipped("detector"), "landmarker": shipped("landmarker"),
}


def changed(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The manifest with the value at a path such as "files/int8.tflite/bytes" set; removed where it is `...`."""
    found = copy.deepcopy(base)
    *parents, last = path.split("/")
    place: Any = found
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return found


HARD = [None, True, False, 0, 1, -1, 2, 1.0, 0.5, 255, 10**6, 10**30, 1e308, -0.0, "", "\n", "none", "a\u2028b", "\ud800", "x" * 300,
        [], {}, [1], [1, 1], [1, 10], [0, 255], [0.0, 255], [1, 1.0], [True, 1], ["a", "b"], {"shape": [1, 1]}, [[]], "picture",
        "arrays", "grey", "sigmoid", "embedder", "detector", "int8-64x64.tflite"]
json_values = st.sampled_from(HARD) | st.recursive(
    st.none() | st.booleans() | st.integers(-10**20, 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)
NEW_KEYS = ["alignment", "crop", "mirrored", "width", "tar", "sizes", "int8-64x64.tflite", "bytes", "tensors", "figure", "text", "gate",
            "weights_sha256"]


@st.composite
def mutated(draw: st.DrawFn, base: dict[str, Any]) -> dict[str, Any]:
    """The manifest with one to three values anywhere replaced, removed, added or copied from elsewhere in it."""
    found = copy.deepcopy(base)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = found
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw(st.integers(0, 4)):
                place = inner
                continue
            change = draw(st.sampled_from(["replace", "replace", "remove", "add", "copy"]))
            if change == "replace":
                place[key] = copy.deepcopy(draw(json_values))
            elif change == "copy":
                place[key] = copy.deepcopy(place[draw(st.sampled_from(keys))])
            elif change == "remove":
                del place[key]
            elif isinstance(place, dict):
                place[draw(st.text(max_size=12) | st.sampled_from(NEW_KEYS))] = copy.deepcopy(draw(json_values))
            else:
                place.append(copy.deepcopy(draw(json_values)))
            break
    return found
