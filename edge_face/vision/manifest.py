"""Hand-written checks of a bundle's manifest: types, ranges and what belongs together.

docs/bundles.md describes it, edge_face/models/manifest.schema.json says the same for other programs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_face.errors import ModelError
from edge_face.vision.gate import Gate, parse_gate
from edge_face.vision.manifest_input import ArraySpec, InputSpec, parse_input
from edge_face.vision.manifest_migration import SCHEMA, migrate
from edge_face.vision.manifest_outputs import Classes, Embedding, parse_outputs
from edge_face.vision.manifest_tables import check_table, check_thresholds
from edge_face.vision.manifest_values import check_depth, line, listed, mapping, prose, real, shown, text, whole, wrong

__all__ = ["SCHEMA", "ArraySpec", "BundleFile", "Classes", "Embedding", "Fields", "Gate", "InputSpec", "check_table",
           "parse_files", "parse_manifest", "real", "whole"]

FILE_NAME = re.compile(r"(int8|float32|float16|dynamic)(?:-([1-9]\d{1,3})x([1-9]\d{1,3}))?\.tflite", re.ASCII)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
FREE = ("metrics", "training", "terms", "reported")
"""Objects of any content."""


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One .tflite file: its name says precision and size; `size` is None where the bundle has one size only. `bytes`: its
    length, None where the manifest does not say; `how` and `kept_float`: how it was made, which layers stayed float."""

    name: str
    precision: str
    size: tuple[int, int] | None
    sha256: str
    bytes: int | None = None
    how: str = ""
    kept_float: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """The checked part of a manifest, and `document`: all of it in the newest schema."""

    name: str
    version: str
    model_id: str
    input: InputSpec
    files: tuple[BundleFile, ...]
    embedding: Embedding | None
    classes: Classes | None
    gate: Gate | None
    document: Mapping[str, Any]


def parse_manifest(document: Any, task: str | None, where: str) -> Fields:
    """Checks a manifest of any schema that was read from `where` for `task` (None: whichever it names). Raises ModelError
    naming the key."""
    check_depth(document, where)
    given = mapping(document, where, "the manifest")
    schema = given.get("schema")
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise ModelError(f"{where} is of schema {shown(schema)}, made for a newer edge-face (this one reads {SCHEMA}): update edge-face")
    whole(schema, 1, SCHEMA, where, "schema")
    root = migrate(given)
    found = root.get("task")
    if task is not None and found != task:
        raise ModelError(f"{where} is a bundle for {str(found)[:40]!r}, not for {task!r}: set vision.{task} to another folder")
    known = text(found, NAME, "a task such as classifier", where, "task")
    name = text(root.get("name"), NAME, "a short name of a-z, 0-9, '.', '_' and '-'", where, "name")
    version = text(root.get("version"), NAME, "a version such as 1.0.0", where, "version")
    prose(root.get("summary", ""), where, "summary")
    spec = parse_input(mapping(root.get("input"), where, "input"), known, where)
    embedding, classes = parse_outputs(mapping(root.get("outputs"), where, "outputs"), known, where)
    files = parse_files(mapping(root.get("files"), where, "files"), spec, where)
    if known == "embedder" or "weights_sha256" in root:
        digest = text(root.get("weights_sha256"), DIGEST, "64 hexadecimal digits", where, "weights_sha256")
    else:
        # Only stored embeddings must know their weights across precisions; elsewhere the files themselves will do.
        digest = hashlib.sha256(repr(sorted((file.name, file.sha256) for file in files)).encode()).hexdigest()
    check_thresholds(root.get("thresholds", {}), known, where)
    gate = parse_gate(root["gate"], root["files"], where) if "gate" in root else None
    for key in FREE:
        mapping(root.get(key, {}), where, key)
    for package, number in mapping(root.get("made_by", {}), where, "made_by").items():
        line(number, where, f"made_by.{package}")
    # Shown both sides of a face, the same weights give other vectors, at other thresholds.
    looks = "-mirrored" if embedding is not None and embedding.mirrored else ""
    return Fields(name, version, f"{name}-{digest[:12]}{looks}", spec, files, embedding, classes, gate, root)


def parse_files(given: dict[str, Any], spec: InputSpec, where: str) -> tuple[BundleFile, ...]:
    """The manifest's `files`: names to objects with a `sha256`. Raises ModelError."""
    if not 1 <= len(given) <= 64:
        raise wrong(where, "files", "an object of 1 to 64 files")
    files = []
    for name, value in given.items():
        match = FILE_NAME.fullmatch(name)
        if match is None:
            raise wrong(where, f"files: {name[:80]!r}", "named <precision>[-<width>x<height>].tflite, such as int8-320x240.tflite")
        key = f"files.{name}"
        entry = mapping(value, where, key)
        digest = text(entry.get("sha256"), DIGEST, "64 hexadecimal digits", where, f"{key}.sha256")
        size = (int(match[2]), int(match[3])) if match[2] else None
        if size is not None and spec.kind != "picture":
            raise wrong(where, f"files: {name!r}", "named by its precision alone, for its input is no picture")
        if size is None and spec.kind == "picture" and not (spec.width and spec.height):
            raise wrong(where, f"files: {name!r}", "named with its input size, for input has none")
        length = whole(entry["bytes"], 1, 2**40, where, f"{key}.bytes") if "bytes" in entry else None
        layers = listed(entry.get("kept_float", []), 0, 10_000, "layers", where, f"{key}.kept_float")
        kept = tuple(line(layer, where, f"{key}.kept_float", 1000) for layer in layers)
        mapping(entry.get("recipe", {}), where, f"{key}.recipe")
        files.append(BundleFile(name, match[1], size, digest, length, prose(entry.get("how", ""), where, f"{key}.how"), kept))
    return tuple(files)
