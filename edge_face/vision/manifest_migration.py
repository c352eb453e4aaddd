"""Manifests of earlier schemas, brought to the newest one step at a time: plain data in, plain data out.

A step adds what its schema said without words and changes nothing that was said; it checks nothing: the reader does, after
the last step. What is no manifest comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

SCHEMA = 2
"""The schema that this edge-face reads and writes."""


def migrate(document: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest in schema 2, a new object; the given one is left as it is. Unknown and newer schemas come back unchanged."""
    found = dict(document)
    while type(found.get("schema")) is int and found["schema"] in STEPS:
        found = STEPS[found["schema"]](found)
    return found


def _from_1(given: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1 knew pictures only; an embedder's faces were always aligned to 112x112, and shapes could be left unsaid."""
    found = {**given, "schema": 2}
    task, entry, outputs = given.get("task"), given.get("input"), given.get("outputs")
    if isinstance(entry, dict):
        found["input"] = {"kind": "picture", "alignment": "none", **entry}
        if task == "embedder":
            found["input"]["alignment"] = "arcface-112"
    if isinstance(outputs, dict):
        found["outputs"] = dict(outputs)
        embedding, points = outputs.get("embedding"), outputs.get("landmarks")
        if task == "embedder" and isinstance(embedding, dict):
            found["outputs"]["embedding"] = {"shape": [1, embedding.get("dimension")], **embedding}
        if task == "landmarker":
            found["outputs"]["landmarks"] = {"shape": [1, 10], **(points if isinstance(points, dict) else {})}
    return found


STEPS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = MappingProxyType({1: _from_1})
