"""What is the anonymizer's own in making its bundle: the bases that it sees, its figures, what it says of itself.

A net that undoes a method goes the same way; its bundle is an attack, and says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.sources import load
from converter.training.anonymizer_data import VIEW, blurred, coarse, sample
from converter.training.anonymizer_recipe import AnonymizerRecipe
from converter.training.anonymizer_task import DOWN, GRIDS, AnonymizerTask, faces_of, psnr
from converter.training.hidden_faces import hide
from converter.training.recipe import parse
from edge_face.errors import ModelError
from edge_face.vision.runtime import Interpreter

NAME, ATTACK, VERSION = "edge-face-anonymizer", "edge-face-undo", "0.1.0"
CALIBRATION, EXAM = 500, 250
SUMMARY = ("Paints a soft face from the pixelated one. It is shown the means of the cells alone, so what it paints tells no more "
           "of a face than pixelation of the same amount; how little that is, docs/privacy-attacks.md says.")
UNDOES = "An attack, for measuring how well faces are hidden: it guesses the sharp face from the hidden one. No part of a door."
TERMS = (
    "The weights were trained by this project on research sets of real people's faces (CelebA, UTKFace, All-Age-Faces, Families in the "
    "Wild, samples of MS-Celeb-1M and Glint360K, web sets): research and non-commercial use; see MODEL_CARD.md. The code that made them is "
    "under the project's licence."
)


@dataclass(frozen=True, eq=False)
class Pairs:
    """`ranges` calibrates, `examples` is what the gate sees: (n, 128, 128, 3) BGR; `held`: aligned crops held out, for the figures."""

    ranges: npt.NDArray[np.uint8]
    examples: npt.NDArray[np.uint8]
    held: npt.NDArray[np.uint8]


def recipe_of(run: Path) -> AnonymizerRecipe:
    """What a run was trained by. Raises EdgeFaceError."""
    return parse(json.loads((run / "training.json").read_text())["recipe"], AnonymizerRecipe, "training.json")


def open_net(run: Path) -> Any:
    """The trained net of a run's folder. Raises ModelError."""
    model = load(run / "anonymizer.keras").keras
    if [tuple(t.shape) for t in (*model.inputs, *model.outputs)] != [(None, VIEW, VIEW, 3)] * 2:
        raise ModelError(f"{run / 'anonymizer.keras'} is no anonymizer: {VIEW}x{VIEW} pixels in and out are expected")
    return model


def pairs(data: Path, recipe: AnonymizerRecipe) -> Pairs:
    """From the folder that it was trained on. Raises EdgeFaceError."""
    task = AnonymizerTask(recipe, data, None)
    task.load()
    held = faces_of(data, "selection", EXAM).crops
    rng = np.random.default_rng(3)
    ranges = np.stack([task.pair(rng)[0] for _ in range(CALIBRATION)])
    task.show(held)
    rng = np.random.default_rng(6)
    return Pairs(ranges, np.stack([task.pair(rng)[0] for _ in range(EXAM)]), held)


def measure(contents: dict[str, bytes], held: npt.NDArray[np.uint8], recipe: AnonymizerRecipe) -> dict[str, Any]:
    """PSNR of each file on held-out faces: what `bundle_writer` takes as `extra`."""
    found: dict[str, Any] = {name: {} for name in ("base", *contents)}
    runtimes = {name: Interpreter(content, name=name) for name, content in contents.items()}
    for across in (0,) if recipe.undo else GRIDS:
        seen, wanted = _exam(held, recipe, across)
        key = "hidden" if recipe.undo else f"{across}x{round(across * DOWN)}"
        found["base"][key] = round(psnr(seen, wanted), 2)
        for name, runtime in runtimes.items():
            painted = np.stack([next(iter(runtime.run(picture).values()))[0] for picture in seen])
            found[name][key] = round(psnr(painted, wanted), 2)
    meaning = "PSNR in dB against the sharp face, of faces held out"
    if not recipe.undo:
        meaning = (f"PSNR in dB against the face through the filter ({recipe.target.filter}), by cells across and down the patch, of "
                   f"{len(held)} faces held out; base: of what the net is shown")
    return {"metrics": {"psnr": {**found, "meaning": meaning}}}


def about(run: Path, recipe: AnonymizerRecipe) -> dict[str, Any]:
    """What it says of itself: `bundle_writer` takes it as `about`."""
    notes = json.loads((run / "training.json").read_text())
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    return {"name": ATTACK if recipe.undo else NAME, "version": VERSION, "summary": UNDOES if recipe.undo else SUMMARY,
            "terms": {"weights": TERMS},
            "training": {"recipe": notes["recipe"], "data": notes["data"], "code": notes["code"], "backend": notes["backend"],
                         "steps": last["step"], "minutes": round(last["seconds"] / 60, 1)}}


def _exam(held: npt.NDArray[np.uint8], recipe: AnonymizerRecipe, across: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    rng = np.random.default_rng(5)
    if recipe.undo is not None:
        return np.stack([hide(crop, recipe.undo, rng) for crop in held]), held
    patches = [sample(held[i:i + 1], (), rng, 0.0, recipe.data.jitter) for i in range(len(held))]
    down = round(across * DOWN)
    return (np.stack([coarse(patch, across, down, (float(rng.random()), float(rng.random()))) for patch in patches]),
            np.stack([blurred(patch, across, down, recipe.target.filter) for patch in patches]))
