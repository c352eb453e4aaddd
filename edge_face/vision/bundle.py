"""Model bundles: a folder for one model with manifest.json, a model card and `<precision>[-<width>x<height>].tflite`.

The manifest (docs/bundles.md) is checked by hand, so that a damaged one is always a ModelError that names the key, and
no file runs whose SHA-256 is not the manifest's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edge_face.errors import ModelError
from edge_face.vision.manifest import BundleFile, Embedding, InputSpec, parse_files, parse_manifest

MODELS = Path(__file__).resolve().parent.parent / "models"
MANIFEST = "manifest.json"
MANIFEST_LIMIT = 4_000_000
# The weights are stored as halves or as floats, but both files compute in float32: one can stand in for the other.
STANDS_IN = {"float32": "float16", "float16": "float32"}


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A checked bundle. `manifest` is the whole manifest, read-only at its top; `model_id` names the space that the
    outputs live in: the same for all precisions of the same weights, another one for any other weights."""

    folder: Path
    task: str
    name: str
    version: str
    model_id: str
    input: InputSpec
    files: tuple[BundleFile, ...]
    embedding: Embedding | None
    manifest: Mapping[str, Any]

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
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror or error}): install the package or the bundle again") from error
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ModelError(f"{path} is not the file that its manifest names (SHA-256 differs): it was changed or "
                             "damaged and is not used; install the package or the bundle again")
        return content


def load_bundle(folder: str | Path, task: str) -> Bundle:
    """Reads and checks the bundle in `folder` (empty: the shipped one) for "detector", "embedder", ... Files are read
    and their digests checked when they are asked for. Raises ModelError."""
    home = Path(folder) if str(folder) else MODELS / task
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
        raise ModelError(f"no {task} bundle in {home}: {MANIFEST} cannot be read ({reason}); "
                         f"set vision.{task} to a bundle's folder, or leave it empty for the shipped one") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged (no JSON: {error}): install the package or the bundle again") from error
    fields = parse_manifest(document, task, str(path))
    return Bundle(folder=home, task=task, name=fields.name, version=fields.version, model_id=fields.model_id,
                  input=fields.input, files=parse_files(document["files"], fields.input, str(path)),
                  embedding=fields.embedding, manifest=MappingProxyType(document))
