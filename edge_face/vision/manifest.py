"""Hand-written checks of a bundle's manifest: types, ranges and what belongs together. docs/bundles.md describes it."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from typing import Any

from edge_face.errors import ModelError

SCHEMA = 1
PRECISIONS = ("int8", "float32", "float16", "dynamic")
COLOURS = ("RGB", "BGR")
FILE_NAME = re.compile(r"(int8|float32|float16|dynamic)(?:-([1-9]\d{1,3})x([1-9]\d{1,3}))?\.tflite", re.ASCII)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
MAX_ROWS = 4096


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the network takes: pixels 0 to 255 as they are, in this colour order and size (0: each file names its own)."""

    width: int
    height: int
    colour: str


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One .tflite file: its name says precision and size; `size` is None where the bundle has one size only."""

    name: str
    precision: str
    size: tuple[int, int] | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Embedding:
    """An embedder's output: `dimension` numbers in `parts`, each of which is normalised before they are joined."""

    output: str
    dimension: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """The checked part of a manifest."""

    name: str
    version: str
    model_id: str
    input: InputSpec
    embedding: Embedding | None


def _fail(where: str, key: str, allowed: str) -> ModelError:
    return ModelError(f"{where}: {key} must be {allowed}: the manifest is damaged or was edited; install the bundle again")


def mapping(value: Any, where: str, key: str) -> dict[str, Any]:
    """`value` as an object with names. Raises ModelError."""
    if not isinstance(value, dict):
        raise _fail(where, key, "an object")
    return value


def whole(value: Any, low: int, high: int, where: str, key: str) -> int:
    """`value` as a whole number of a range. Raises ModelError."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _fail(where, key, f"a whole number from {low} to {high}")
    return int(value)


def real(value: Any, low: float, high: float, where: str, key: str) -> float:
    """`value` as a finite number of a range. Raises ModelError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or not math.isfinite(value):
        raise _fail(where, key, f"a number from {low:g} to {high:g}")
    return float(value)


def text(value: Any, pattern: re.Pattern[str], allowed: str, where: str, key: str) -> str:
    """`value` as text that a pattern matches as a whole. Raises ModelError."""
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise _fail(where, key, allowed)
    return value


def parse_manifest(document: Any, task: str, where: str) -> Fields:
    """Checks a manifest that was read from `where` for `task`. Raises ModelError naming the key."""
    root = mapping(document, where, "the manifest")
    schema = root.get("schema")
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise ModelError(f"{where} is of schema {schema}, made for a newer edge-face (this one reads {SCHEMA}): update edge-face")
    whole(schema, 1, SCHEMA, where, "schema")
    found = root.get("task")
    if found != task:
        raise ModelError(f"{where} is a bundle for {str(found)[:40]!r}, not for {task!r}: set vision.{task} to another folder")
    name = text(root.get("name"), NAME, "a short name of a-z, 0-9, '.', '_' and '-'", where, "name")
    version = text(root.get("version"), NAME, "a version such as 1.0.0", where, "version")
    spec = _input(mapping(root.get("input"), where, "input"), where)
    mapping(root.get("outputs"), where, "outputs")
    mapping(root.get("files"), where, "files")
    embedding = _embedding(root["outputs"], where) if task == "embedder" else None
    if task == "embedder" or "weights_sha256" in root:
        digest = text(root.get("weights_sha256"), DIGEST, "64 hexadecimal digits", where, "weights_sha256")
    else:
        # Only stored embeddings must know their weights across precisions; elsewhere the files themselves will do.
        files = sorted((str(k), str(v.get("sha256") if isinstance(v, dict) else "")) for k, v in root["files"].items())
        digest = hashlib.sha256(repr(files).encode()).hexdigest()
    thresholds = mapping(root.get("thresholds", {}), where, "thresholds")
    if task == "embedder":
        for table, content in thresholds.items():
            check_table(content, where, f"thresholds.{table}")
    elif task == "detector":
        sizes = mapping(thresholds.get("sizes", {}), where, "thresholds.sizes")
        named = {f"sizes.{size}.": mapping(scores, where, f"thresholds.sizes.{size}") for size, scores in sizes.items()}
        for prefix, scores in {"": thresholds, **named}.items():
            for key in ("recognise", "hide"):
                real(scores.get(key), 0.0, 1.0, where, f"thresholds.{prefix}{key}")
    return Fields(name, version, f"{name}-{digest[:12]}", spec, embedding)


def _input(given: dict[str, Any], where: str) -> InputSpec:
    sizes = []
    for key in ("width", "height"):
        sizes.append(whole(given[key], 16, 8192, where, f"input.{key}") if key in given else 0)
    if given.get("colour") not in COLOURS:
        raise _fail(where, "input.colour", "RGB or BGR")
    if given.get("range") != [0, 255]:
        raise _fail(where, "input.range", "[0, 255]: pixels as they are, scaled inside the network")
    return InputSpec(sizes[0], sizes[1], given["colour"])


def _embedding(outputs: dict[str, Any], where: str) -> Embedding:
    given = mapping(outputs.get("embedding"), where, "outputs.embedding")
    dimension = whole(given.get("dimension"), 8, 8192, where, "outputs.embedding.dimension")
    parts = given.get("parts")
    if not isinstance(parts, list) or not 1 <= len(parts) <= 16:
        raise _fail(where, "outputs.embedding.parts", "a list of 1 to 16 lengths")
    lengths = tuple(whole(part, 1, dimension, where, "outputs.embedding.parts") for part in parts)
    if sum(lengths) != dimension:
        raise _fail(where, "outputs.embedding.parts", f"lengths that add up to the dimension {dimension}")
    return Embedding("embedding", dimension, lengths)


def check_table(table: Any, where: str, key: str) -> None:
    """Checks one similarity -> false-match-rate table: rows from lax to strict, and what each was counted on where it
    says so. Raises ModelError."""
    content = mapping(table, where, key)
    rows = content.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
        raise _fail(where, f"{key}.rows", f"a list of 1 to {MAX_ROWS} rows")
    rate, similarity = math.inf, -math.inf
    for number, row in enumerate(rows):
        at = f"{key}.rows[{number}]"
        entry = mapping(row, where, at)
        fmr = real(entry.get("fmr"), 1e-12, 1.0, where, f"{at}.fmr")
        score = real(entry.get("similarity"), -1.0, 1.0, where, f"{at}.similarity")
        if not (fmr < rate and score >= similarity):
            raise _fail(where, at, "stricter than the row before it (a lower fmr, no lower similarity)")
        rate, similarity = fmr, score
        _check_evidence(entry, fmr, where, at)
    for name in ("templates", "probe_pictures", "votes", "of"):
        if name in content:
            whole(content[name], 1, 1000, where, f"{key}.{name}")
    if "vote_similarity" in content:
        real(content["vote_similarity"], -1.0, 1.0, where, f"{key}.vote_similarity")


def _check_evidence(row: dict[str, Any], fmr: float, where: str, at: str) -> None:
    """What a row says of its own data: every key may be missing, none may be impossible."""
    most = 10**15
    if "comparisons" in row:
        most = whole(row["comparisons"], 1, most, where, f"{at}.comparisons")
    for name in ("false_matches", "false_pairs"):
        if name in row:
            most = whole(row[name], 1, most, where, f"{at}.{name}")
    if "effective_pairs" in row:
        whole(row["effective_pairs"], 1, most, where, f"{at}.effective_pairs")
    if "fmr_upper" in row:
        real(row["fmr_upper"], fmr, 1.0, where, f"{at}.fmr_upper")
    if row.get("tar") is not None:
        real(row["tar"], 0.0, 1.0, where, f"{at}.tar")


def parse_files(given: dict[str, Any], spec: InputSpec, where: str) -> tuple[BundleFile, ...]:
    """The manifest's `files`: names to objects with a `sha256`. Raises ModelError."""
    if not 1 <= len(given) <= 64:
        raise _fail(where, "files", "an object of 1 to 64 files")
    files = []
    for name, value in given.items():
        match = FILE_NAME.fullmatch(name)
        if match is None:
            raise _fail(where, f"files: {name[:80]!r}", "named <precision>[-<width>x<height>].tflite, such as int8-320x240.tflite")
        digest = text(mapping(value, where, f"files.{name}").get("sha256"), DIGEST, "64 hexadecimal digits", where,
                      f"files.{name}.sha256")
        size = (int(match[2]), int(match[3])) if match[2] else None
        if size is None and not (spec.width and spec.height):
            raise _fail(where, f"files: {name!r}", "named with its input size, for input has none")
        files.append(BundleFile(name, match[1], size, digest))
    return tuple(files)
