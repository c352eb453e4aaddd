"""Model bundles: a folder for one model with manifest.json, a model card and `<precision>[-<width>x<height>].tflite`.

The manifest (docs/bundles.md) is checked by hand, so that a damaged one is always a ModelError that names the key, and
no file runs whose SHA-256 is not the manifest's.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from edge_face.errors import ModelError
from edge_face.vision.gate import Gate
from edge_face.vision.manifest import BundleFile, Classes, Embedding, InputSpec, parse_manifest
from edge_face.vision.manifest_values import shown

_log = logging.getLogger("edge_face.vision")

MODELS = Path(__file__).resolve().parent.parent / "models"
MANIFEST = "manifest.json"
MANIFEST_LIMIT = 4_000_000
Failed = Literal["warn", "refuse", "accept"]
# The weights are stored as halves or as floats, but both files compute in float32: one can stand in for the other.
STANDS_IN = {"float32": "float16", "float16": "float32"}


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A checked bundle. `manifest` is the whole manifest in the newest schema, read-only at its top; `model_id` names the
    space that the outputs live in: the same for all precisions of the same weights, another one for any other weights.
    `gate`: what was found when the bundle was made, None where nobody says."""

    folder: Path
    task: str
    name: str
    version: str
    model_id: str
    input: InputSpec
    files: tuple[BundleFile, ...]
    embedding: Embedding | None
    manifest: Mapping[str, Any]
    classes: Classes | None = None
    gate: Gate | None = None

    @property
    def thresholds(self) -> Mapping[str, Any]:
        """The manifest's `thresholds`: tables of an embedder, scores of a detector (docs/bundles.md)."""
        found = self.manifest.get("thresholds", {})
        return found if isinstance(found, Mapping) else {}

    @property
    def offers(self) -> str:
        """What can be asked for, in words: "int8, float16"."""
        return ", ".join(file.name.removesuffix(".tflite") for file in self.files)

    def entry(self, precision: str, size: tuple[int, int] | None = None) -> BundleFile:
        """The file of a precision (and, where the bundle has several, an input size in pixels, width first).

        float32 and float16 stand in for each other: both compute in float32. Raises ModelError.
        """
        for wanted in (precision, STANDS_IN.get(precision)):
            fitting = [f for f in self.files if f.precision == wanted and (size is None or f.size in (None, size))]
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                raise ModelError(f"{self.folder} has several {wanted} files ({self.offers}): name the input size")
        what = precision if size is None else f"{precision} at {size[0]}x{size[1]}"
        raise ModelError(f"the {self.task} bundle {self.name} has no file for {what}; it has {self.offers}: "
                         "choose one of these in the settings (vision.precision, vision.input)")

    def file(self, precision: str, size: tuple[int, int] | None = None) -> bytes:
        """The bytes of that file, their SHA-256 checked on these very bytes. Raises ModelError."""
        return self.read(self.entry(precision, size))

    def read(self, entry: BundleFile) -> bytes:
        """The bytes of an entry of `files`, checked. Raises ModelError."""
        path = self.folder / entry.name
        try:
            length = path.stat().st_size
            if entry.bytes is not None and length != entry.bytes:  # before a wrong file of any size is read
                raise ModelError(f"{path} is not the file that its manifest names ({length:,} bytes, not {entry.bytes:,}): it was "
                                 "changed or damaged and is not used; install the package or the bundle again")
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror or error}): install the package or the bundle again") from error
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ModelError(f"{path} is not the file that its manifest names (SHA-256 differs): it was changed or "
                             "damaged and is not used; install the package or the bundle again")
        return content


def load_bundle(folder: str | Path, task: str, failed: Failed = "warn") -> Bundle:
    """Reads and checks the bundle in `folder` (empty: the shipped one) for "detector", "embedder", ... Files are read
    and their digests checked when they are asked for. `failed`: what becomes of a bundle that did not pass the parity gate
    when it was made: one line in the log; refused, as at a door; accepted without a word. Raises ModelError."""
    return _load(Path(folder) if str(folder) else MODELS / task, task, failed)


def open_bundle(folder: str | Path, failed: Failed = "warn") -> Bundle:
    """The bundle in `folder`, whatever its task. `failed` as of `load_bundle`. Raises ModelError."""
    return _load(Path(folder), None, failed)


def _load(home: Path, task: str | None, failed: Failed) -> Bundle:
    fields = parse_manifest(_read(home, task), task, str(home / MANIFEST))
    bundle = Bundle(folder=home, task=fields.document["task"], name=fields.name, version=fields.version, model_id=fields.model_id,
                    input=fields.input, files=fields.files, embedding=fields.embedding,
                    manifest=MappingProxyType(dict(fields.document)), classes=fields.classes, gate=fields.gate)
    if bundle.gate is not None and not bundle.gate.passed:
        lost = f"the {bundle.task} bundle {bundle.name} in {home} did not pass the parity gate when it was made ({bundle.gate.failure()})"
        if failed == "refuse":
            raise ModelError(f"{lost}: no door uses it; convert the model again with another precision or more calibration pictures, "
                             "or set vision.allow_failed_gate = true")
        if failed == "warn":
            _warn_once(f"{lost}: its answers may be worse than those of the model that it was made from")
    return bundle


@lru_cache(maxsize=256)
def _warn_once(sentence: str) -> None:
    # A process opens the same bundle in several places.
    _log.warning("%s", sentence)


def _read(home: Path, task: str | None) -> Any:
    """What the manifest's file says, as JSON has it. Raises ModelError."""
    path = home / MANIFEST
    try:
        if path.stat().st_size > MANIFEST_LIMIT:
            raise ModelError(f"{path} is larger than {MANIFEST_LIMIT} bytes: that is no manifest")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is damaged (no UTF-8 text): install the package or the bundle again") from error
    except (OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        reason = getattr(error, "strerror", None) or error
        way = f"set vision.{task} to a bundle's folder, or leave it empty for the shipped one" if task else "name a bundle's folder"
        raise ModelError(f"no {task or 'model'} bundle in {home}: {MANIFEST} cannot be read ({reason}); {way}") from error
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged (no JSON: {error}): install the package or the bundle again") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two programs would read two things from it.
        names = [name for name, _ in pairs]
        raise ValueError(f"{shown(next(n for n in names if names.count(n) > 1))!r} is there twice")
    return found


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number")
