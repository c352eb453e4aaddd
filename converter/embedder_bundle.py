"""Puts an embedder's bundle together: quantize, measure int8 against float32, write manifest and card."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.card import render
from converter.export import SIZE_LIMIT, load_keras, quantize, single_size
from converter.faces import calibration_pictures
from converter.manifest import file_entry, manifest_text, new_folder, weights_digest
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MANIFEST, Bundle, load_bundle
from edge_face.vision.embedder import Embedder
from edge_face.vision.manifest import SCHEMA

CARD = "MODEL_CARD.md"
DESCRIBED = {"name": str, "version": str, "summary": str, "training": dict, "terms": dict, "reported": dict}
PARITY_PICTURES = 200


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
            allowed = ", ".join(
                f"{name} ({'table' if kind is dict else 'text'})" for name, kind in DESCRIBED.items()
            )
            raise UsageError(f"{path}: {key} is not known or of the wrong kind; allowed are {allowed}")
    return content


def make(
    model_path: Path,
    out: Path,
    precisions: Sequence[str],
    calibration: Path | None,
    pictures: int,
    colour: str,
    parts: tuple[int, ...] | None,
    description: Path | None,
) -> Bundle:
    """Makes the bundle folder `out`. Raises EdgeFaceError; then nothing is left behind."""
    about = describe(description)
    with new_folder(out) as work:
        # A missing calibration folder is found before the minutes that conversion takes.
        if "int8" in precisions and calibration is None:
            raise UsageError("int8 needs --calibration DIR: pictures from which the ranges are taken")
        if calibration is not None and not calibration.is_dir():
            raise UsageError(f"the calibration folder {calibration} is not there")
        model = load_keras(model_path)
        width, height = single_size(model, model_path)
        dimension = int(model.outputs[0].shape[-1])
        lengths = parts or (dimension,)
        if sum(lengths) != dimension or min(lengths) < 1:
            raise UsageError(
                f"--parts {','.join(map(str, lengths))} does not add up to the model's {dimension} outputs"
            )
        samples = np.zeros((0, height, width, 3), np.uint8)
        if calibration is not None:
            # The last ones are kept from calibration: parity is measured on them.
            samples = calibration_pictures(calibration, pictures + PARITY_PICTURES, (width, height))
        kept = min(PARITY_PICTURES, len(samples) // 4)
        ranges, unseen = samples[: len(samples) - kept], samples[len(samples) - kept :]
        in_order = ranges[..., ::-1] if colour == "RGB" else ranges
        contents = quantize(
            model, "embedding", tuple(dict.fromkeys((*precisions, "float32"))), np.ascontiguousarray(in_order)
        )
        reference = contents["float32"]
        for precision in precisions:
            if len(contents[precision]) > SIZE_LIMIT:
                raise ModelError(
                    f"the {precision} file would have {len(contents[precision]):,} bytes, {SIZE_LIMIT:,} is the most a bundle ships"
                )
            (work / f"{precision}.tflite").write_bytes(contents[precision])
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "task": "embedder",
            "name": about.get("name", "embedder"),
            "version": about.get("version", "0.1.0"),
            "summary": about.get("summary", ""),
            "input": {
                "width": width,
                "height": height,
                "colour": colour,
                "range": [0, 255],
                "alignment": "five landmarks by similarity transform onto the ArcFace template of 112x112",
            },
            "outputs": {
                "embedding": {"shape": [1, dimension], "dimension": dimension, "parts": list(lengths)}
            },
            "files": {f"{p}.tflite": file_entry(work / f"{p}.tflite") for p in precisions},
            "weights_sha256": weights_digest(model.get_weights()),
            "metrics": {"calibration_pictures": len(ranges)},
            "thresholds": {},
            **{key: about[key] for key in ("training", "terms", "reported") if key in about},
        }
        (work / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
        manifest["metrics"] |= {"parity": parity(work, manifest, reference, unseen)} if len(unseen) else {}
        (work / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
        (work / CARD).write_text(render(manifest), encoding="utf-8")
        load_bundle(work, "embedder")
    return load_bundle(out, "embedder")


def parity(
    folder: Path, manifest: dict[str, Any], reference: bytes, pictures: npt.NDArray[np.uint8]
) -> dict[str, Any]:
    """Cosine of each file's embeddings to the float32 ones on `pictures` (n, height, width, 3) BGR, through the
    device's own code."""
    precisions = [name.removesuffix(".tflite") for name in manifest["files"]]
    measured: dict[str, Any] = {}
    exact_folder = folder / "reference"
    exact_folder.mkdir()
    exact_file = exact_folder / "float32.tflite"
    exact_file.write_bytes(reference)
    whole = {**manifest, "files": {"float32.tflite": file_entry(exact_file)}}
    (exact_folder / MANIFEST).write_text(manifest_text(whole), encoding="utf-8")
    exact = _embeddings(load_bundle(exact_folder, "embedder"), "float32", pictures)
    for path in exact_folder.iterdir():
        path.unlink()
    exact_folder.rmdir()
    bundle = load_bundle(folder, "embedder")
    for precision in precisions:
        cosine = (_embeddings(bundle, precision, pictures) * exact).sum(1)
        measured[precision] = {
            "mean": round(float(cosine.mean()), 5),
            "percentile_1": round(float(np.percentile(cosine, 1)), 5),
            "minimum": round(float(cosine.min()), 5),
        }
    return {"pictures": len(pictures), "cosine": measured}


def _embeddings(bundle: Bundle, precision: str, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    embedder = Embedder(bundle, precision)
    return np.stack([embedder.embed(picture) for picture in pictures])
