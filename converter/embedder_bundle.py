"""Puts an embedder's bundle together: quantize, measure each file against float32, write manifest and card."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.card import render
from converter.export import SIZE_LIMIT, load_keras, quantize, single_size
from converter.faces import calibration_faces
from converter.manifest import file_entry, manifest_text, new_folder, weights_digest
from edge_face.errors import ModelError, UsageError
from edge_face.vision.align import SIZE
from edge_face.vision.bundle import MANIFEST, Bundle, load_bundle
from edge_face.vision.embedder import Embedder
from edge_face.vision.manifest import SCHEMA
from edge_face.vision.manifest_input import ALIGNED

CARD = "MODEL_CARD.md"
DESCRIBED = {"name": str, "version": str, "summary": str, "training": dict, "terms": dict, "reported": dict}
PARITY_PICTURES = 200
Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made: which files from which model, and what the bundle says of itself. `pictures` calibrate int8;
    `parts` (empty: one) are lengths that add up to the model's output; `about` is a checked description."""

    model: Path
    precisions: tuple[str, ...]
    calibration: Path | None
    pictures: int
    colour: str
    parts: tuple[int, ...]
    about: Mapping[str, Any]


def describe(path: Path | None) -> dict[str, Any]:
    """The description file's content, checked. Raises UsageError."""
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    for key, value in content.items():
        if key not in DESCRIBED or not isinstance(value, DESCRIBED[key]):
            allowed = ", ".join(f"{name} ({'table' if kind is dict else 'text'})" for name, kind in DESCRIBED.items())
            raise UsageError(f"{path}: {key} is not known or of the wrong kind; allowed are {allowed}")
    return content


def make(order: Order, out: Path) -> Bundle:
    """Makes the bundle folder `out`. Raises EdgeFaceError; then nothing is left behind."""
    # What is missing is found before the minutes that conversion takes.
    if "int8" in order.precisions and order.calibration is None:
        raise UsageError("int8 needs --calibration DIR: pictures from which the ranges are taken")
    if order.calibration is not None and not order.calibration.is_dir():
        raise UsageError(f"the calibration folder {order.calibration} is not there")
    with new_folder(out) as work:
        model = load_keras(order.model)
        dimension = _check(model, order)
        calibration, unseen = _samples(order)
        in_order = np.ascontiguousarray(calibration[..., ::-1]) if order.colour == "RGB" else calibration
        contents = quantize(model, "embedding", tuple(dict.fromkeys((*order.precisions, "float32"))), in_order)
        for precision in order.precisions:
            if len(contents[precision]) > SIZE_LIMIT:
                raise ModelError(f"the {precision} file would have {len(contents[precision]):,} bytes; "
                                 f"{SIZE_LIMIT:,} is the most a bundle ships: choose another precision")
            (work / f"{precision}.tflite").write_bytes(contents[precision])
        manifest = _manifest(order, work, dimension, weights_digest(model.get_weights()))
        manifest["metrics"] = {"calibration_pictures": len(calibration)}
        (work / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
        if len(unseen):
            manifest["metrics"]["parity"] = parity(work, manifest, contents["float32"], unseen)
            (work / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
        (work / CARD).write_text(render(manifest), encoding="utf-8")
        load_bundle(work, "embedder")
    return load_bundle(out, "embedder")


def _check(model: Any, order: Order) -> int:
    """The embedding's dimension; the model must be what the device can use."""
    if single_size(model, order.model) != (SIZE, SIZE):
        raise ModelError(f"{order.model} takes pictures of another size than {SIZE}x{SIZE}, to which the device aligns faces")
    dimension = int(model.outputs[0].shape[-1])
    if order.parts and (sum(order.parts) != dimension or min(order.parts) < 1):
        raise UsageError(f"--parts {','.join(map(str, order.parts))} does not add up to the model's {dimension} outputs")
    return dimension


def _samples(order: Order) -> tuple[Pictures, Pictures]:
    """Faces to calibrate with, and others that parity is measured on."""
    if order.calibration is None:
        empty = np.zeros((0, SIZE, SIZE, 3), np.uint8)
        return empty, empty
    faces = calibration_faces(order.calibration, order.pictures + PARITY_PICTURES)
    kept = min(PARITY_PICTURES, max(len(faces) - order.pictures, len(faces) // 4))
    # Spread evenly, so that a folder sorted by person gives both lists all people.
    places = np.linspace(0, len(faces) - 1, kept).astype(int) if kept else np.zeros(0, int)
    unseen = np.zeros(len(faces), bool)
    unseen[places] = True
    return faces[~unseen], faces[unseen]


def _manifest(order: Order, folder: Path, dimension: int, digest: str) -> dict[str, Any]:
    about = order.about
    return {
        "schema": SCHEMA, "task": "embedder", "name": about.get("name", "embedder"), "version": about.get("version", "0.1.0"),
        "summary": about.get("summary", ""),
        "input": {"kind": "picture", "width": SIZE, "height": SIZE, "colour": order.colour, "range": [0, 255], "alignment": ALIGNED},
        "outputs": {"embedding": {"shape": [1, dimension], "dimension": dimension, "parts": list(order.parts or (dimension,))}},
        "files": {f"{p}.tflite": file_entry(folder / f"{p}.tflite") for p in order.precisions},
        "weights_sha256": digest, "metrics": {}, "thresholds": {},
        **{key: about[key] for key in ("training", "terms", "reported") if key in about},
    }


def parity(folder: Path, manifest: Mapping[str, Any], reference: bytes, pictures: Pictures) -> dict[str, Any]:
    """Cosine of each file's embeddings to those of the float32 file `reference` on `pictures` (n, height, width, 3)
    BGR, through the device's own code."""
    with tempfile.TemporaryDirectory() as temporary:
        exact_folder = Path(temporary)
        (exact_folder / "float32.tflite").write_bytes(reference)
        alone = {**manifest, "files": {"float32.tflite": file_entry(exact_folder / "float32.tflite")}}
        (exact_folder / MANIFEST).write_text(manifest_text(alone), encoding="utf-8")
        exact = _embeddings(load_bundle(exact_folder, "embedder"), "float32", pictures)
    bundle = load_bundle(folder, "embedder")
    measured: dict[str, Any] = {}
    for entry in bundle.files:
        cosine = (_embeddings(bundle, entry.precision, pictures) * exact).sum(1)
        measured[entry.precision] = {"mean": round(float(cosine.mean()), 5), "minimum": round(float(cosine.min()), 5),
                                     "percentile_1": round(float(np.percentile(cosine, 1)), 5)}
    return {"pictures": len(pictures), "cosine": measured}


def _embeddings(bundle: Bundle, precision: str, pictures: Pictures) -> npt.NDArray[np.float32]:
    embedder = Embedder(bundle, precision)
    return np.stack([embedder.embed(picture) for picture in pictures])
