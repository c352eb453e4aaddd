"""What is the landmarker's own in making its bundle: its views of faces, its figures, what it says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.sources import load
from converter.training.landmarker_data import VIEW, sample
from converter.training.landmarker_task import NO_CROPS, LandmarkerTask
from edge_face.errors import ModelError
from edge_face.vision.runtime import Interpreter

NAME, VERSION = "edge-face-landmarker", "0.1.0"
CALIBRATION, EXAM = 500, 2000
TERMS = (
    "The weights were trained by this project on research sets of real people's faces (CelebA, UTKFace, All-Age-Faces, Families in the "
    "Wild, samples of MS-Celeb-1M and Glint360K, web sets): research and non-commercial use; see MODEL_CARD.md. The code that made them is "
    "under the project's licence."
)


@dataclass(frozen=True, eq=False)
class Views:
    """`ranges` calibrates, `examples` is what the gate sees: (n, 64, 64, 3) BGR; `held` is what the figures are measured on."""

    ranges: npt.NDArray[np.uint8]
    examples: npt.NDArray[np.uint8]
    held: Any


def open_net(run: Path) -> Any:
    """The trained net of a run's folder. Raises ModelError."""
    model = load(run / "landmarker.keras").keras
    if [tuple(t.shape) for t in model.inputs] != [(None, VIEW, VIEW, 3)] or tuple(model.outputs[0].shape) != (None, 10):
        raise ModelError(f"{run / 'landmarker.keras'} is no landmarker: {VIEW}x{VIEW} pixels in, 10 numbers out are expected")
    return model


def views(data: Path) -> Views:
    """From the folder that it was trained on. Raises EdgeFaceError."""
    training, held = LandmarkerTask.faces(data)
    rng = np.random.default_rng(3)
    ranges = np.stack([sample(training.crops, training.photos, rng)[0] for _ in range(CALIBRATION)])
    rng = np.random.default_rng(6)
    examples = np.stack([sample(held.crops, held.photos, rng)[0] for _ in range(CALIBRATION)])
    return Views(ranges, examples, held)


def measure(contents: dict[str, bytes], held: Any) -> dict[str, Any]:
    """Errors of each file on held-out faces: what `bundle_writer` takes as `extra`."""
    return {"metrics": {"portraits": _portraits(contents, held.photos), "all": _placements(contents, held.crops, held.photos),
                        "meaning": "distance over eye distance, of faces held out, placed as roughly as in training; placement: "
                                   "what is left after alignment's rotation, scale and shift"}}


def about(run: Path) -> dict[str, Any]:
    """What the shipped landmarker says of itself: `bundle_writer` takes it as `about`."""
    notes = json.loads((run / "training.json").read_text())
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    return {"name": NAME, "version": VERSION, "terms": {"weights": TERMS},
            "training": {"recipe": notes["recipe"], "data": notes["data"], "code": notes["code"], "backend": notes["backend"],
                         "steps": last["step"], "minutes": round(last["seconds"] / 60, 1)}}


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
