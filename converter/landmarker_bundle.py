"""Makes the landmarker's bundle: the trained net to TFLite files, measured on held-out faces, with manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.export import load_keras, quantize
from converter.manifest import file_entry, manifest_text, weights_digest
from converter.training.landmarker_data import VIEW, sample
from converter.training.landmarker_task import NO_CROPS, LandmarkerTask
from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST
from edge_face.vision.manifest import SCHEMA
from edge_face.vision.runtime import Interpreter

NAME, VERSION = "edge-face-landmarker", "0.1.0"
PRECISIONS = ("int8", "float32")
CALIBRATION, EXAM = 500, 2000
TERMS = (
    "The weights were trained by this project on research sets of real people's faces (CelebA, UTKFace, All-Age-Faces, Families in the "
    "Wild, samples of MS-Celeb-1M and Glint360K, web sets): research and non-commercial use; see MODEL_CARD.md. The code that made them is "
    "under the project's licence."
)


def export(run: Path, data: Path, bundle: Path) -> dict[str, Any]:
    """Converts `run`/landmarker.keras, measures it on the held-out faces of `data` and writes the files and manifest into
    the folder `bundle`; gives the manifest. Raises EdgeFaceError."""
    model = load_keras(run / "landmarker.keras")
    if [tuple(t.shape) for t in model.inputs] != [(None, VIEW, VIEW, 3)] or tuple(model.outputs[0].shape) != (None, 10):
        raise ModelError(f"{run / 'landmarker.keras'} is no landmarker: {VIEW}x{VIEW} pixels in, 10 numbers out are expected")
    training, held = LandmarkerTask.faces(data)
    rng = np.random.default_rng(3)
    views = np.stack([sample(training.crops, training.photos, rng)[0] for _ in range(CALIBRATION)])
    contents = quantize(model, "landmarks", PRECISIONS, views)
    bundle.mkdir(parents=True, exist_ok=True)
    for precision, content in contents.items():
        (bundle / f"{precision}.tflite").write_bytes(content)
    metrics: dict[str, Any] = {"portraits": _portraits(contents, held.photos), "all": _placements(contents, held.crops, held.photos)}
    notes = json.loads((run / "training.json").read_text())
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    manifest = {
        "schema": SCHEMA, "task": "landmarker", "name": NAME, "version": VERSION,
        "weights_sha256": weights_digest(model.get_weights()),
        "input": {"kind": "picture", "width": VIEW, "height": VIEW, "colour": "BGR", "range": [0, 255],
                  "alignment": "the detector's five landmarks by similarity transform onto the ArcFace template with 8 px of margin "
                               "on each side of its 112, scaled to 64"},
        "outputs": {"landmarks": {"shape": [1, 10], "meaning": "x, y of left eye, right eye, nose tip, left and right mouth corner as "
                                  "seen, each from its place in the template, in eye distances of the template"}},
        "files": {f"{precision}.tflite": file_entry(bundle / f"{precision}.tflite") for precision in PRECISIONS},
        "metrics": {**metrics, "meaning": "distance over eye distance, of faces held out, placed as roughly as in training; placement: "
                    "what is left after alignment's rotation, scale and shift"},
        "training": {"recipe": notes["recipe"], "data": notes["data"], "code": notes["code"], "backend": notes["backend"],
                     "steps": last["step"], "minutes": round(last["seconds"] / 60, 1)},
        "terms": {"weights": TERMS},
    }
    (bundle / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
    return manifest


def _portraits(contents: dict[str, bytes], photos: Any) -> dict[str, Any]:
    """Errors of the single points on held-out portraits."""
    rng = np.random.default_rng(4)
    return _errors(contents, [sample(NO_CROPS, photos, rng) for _ in range(EXAM)], single=True) if photos else {}


def _placements(contents: dict[str, bytes], crops: npt.NDArray[np.uint8], photos: Any) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return _errors(contents, [sample(crops, photos, rng) for _ in range(EXAM)], single=False) if len(crops) or photos else {}


def _errors(contents: dict[str, bytes], views: Any, single: bool) -> dict[str, Any]:
    from converter.training.landmarker_data import placement

    truth = np.stack([points for _, points, _ in views])
    project = placement()

    def distance(away: npt.NDArray[Any]) -> npt.NDArray[Any]:
        moved = away if single else (away.reshape(-1, 10) @ project).reshape(-1, 5, 2)
        return np.asarray(np.linalg.norm(moved, axis=2).mean(1))

    measured: dict[str, Any] = {"views": len(views), "before": _summary(distance(truth))}
    for precision, content in contents.items():
        runtime = Interpreter(content, name=precision)
        name = runtime.output_names({"landmarks": (1, 10)})["landmarks"]
        found = np.stack([runtime.run(image)[name].reshape(5, 2) for image, _, _ in views])
        measured[precision] = _summary(distance(found - truth))
    return measured


def _summary(errors: npt.NDArray[Any]) -> dict[str, float]:
    return {"median": round(float(np.median(errors)), 4), "percentile_90": round(float(np.percentile(errors, 90)), 4)}
